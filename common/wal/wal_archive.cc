#include "common/wal/wal_archive.h"

#include <algorithm>

namespace pitr {
namespace {

// Compares what is written with what `original` gives; throws Different at the first byte that is not the
// same.
class CompareSink final : public Sink {
 public:
  struct Different : Error {
    Different() : Error(Exit::failed, "different content") {}
  };

  explicit CompareSink(Source& original) : original_(original) {}

  void write(Bytes bytes) override {
    while (!bytes.empty()) {
      const Bytes part = bytes.first(std::min(bytes.size(), buffer_.size()));
      const std::size_t n = read_full(original_, std::span(buffer_).first(part.size()));
      if (n < part.size() || !std::equal(part.begin(), part.end(), buffer_.begin())) throw Different();
      bytes = bytes.subspan(part.size());
    }
  }

  void finish() override {
    if (original_.read(buffer_) != 0) throw Different();
  }

 private:
  Source& original_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(256 * 1024);
};

}  // namespace

std::vector<StoredWal> find_wal(Store& store, const WalName& wal, std::optional<Codec> only) {
  std::vector<Codec> codecs;
  std::vector<Name> names;
  for (const Codec codec : all_codecs()) {
    if (only && codec != *only) continue;
    codecs.push_back(codec);
    names.emplace_back(wal, suffix(codec));
  }
  auto sources = store.open_each(names);
  std::vector<StoredWal> found;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (sources[i]) found.push_back({codecs[i], names[i], std::move(sources[i])});
  }
  return found;
}

void read_wal(Store& store, StoredWal stored, const WalExpectation& expected, std::unique_ptr<Sink> to) {
  const std::string place = store.describe(stored.name);
  in_context("read " + place, [&] {
    const auto chain = decompress(stored.codec, stored.name.text(), check_wal(expected, std::move(to)));
    copy(*stored.source, *chain);
    chain->finish();
  });
}

bool same_content(Store& store, StoredWal stored, Source& original) {
  const auto chain =
      decompress(stored.codec, store.describe(stored.name), std::make_unique<CompareSink>(original));
  try {
    copy(*stored.source, *chain);
    chain->finish();
    return true;
  } catch (const CompareSink::Different&) {
    return false;
  }
}

}  // namespace pitr
