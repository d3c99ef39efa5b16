// The first byte chooses the codec, the second one how the rest is cut into pieces.
#include "common/codec/codec.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

namespace {

// Stops a file that stands for very many bytes.
class LimitedSink final : public Sink {
 public:
  explicit LimitedSink(std::string& text) : text_(text) {}
  void write(Bytes bytes) override {
    if (text_.size() + bytes.size() > (4 << 20)) fail(Exit::failed, "enough");
    StringSink(text_).write(bytes);
  }
  void finish() override {}

 private:
  std::string& text_;
};

// Whether the file is whole and good.
bool decompresses(Codec codec, std::string_view stored, std::size_t piece, std::string& result) {
  try {
    const auto sink = decompress(codec, "file", std::make_unique<LimitedSink>(result));
    for (std::size_t at = 0; at < stored.size(); at += piece) sink->write(as_bytes(stored.substr(at, piece)));
    sink->finish();
    return true;
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged || error.code() == Exit::failed,
           "damaged, or more than may be taken");
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Codec codec = all_codecs()[data[0] % all_codecs().size()];
  const std::string_view stored = text_of(data + 2, size - 2);
  std::string whole, pieces;
  const bool is_good = decompresses(codec, stored, stored.size() + 1, whole);
  const bool is_good_in_pieces = decompresses(codec, stored, 1U + data[1] % 64U, pieces);
  expect(is_good == is_good_in_pieces, "the pieces do not matter");
  expect(!is_good || whole == pieces, "the pieces do not matter for the bytes");
  return 0;
}
