// A name, a newline, and the bytes of the WAL file of that name.
#include "common/postgres/wal_check.h"
#include "common/wal/stored_name.h"
#include "tests/fuzz/fuzz.h"

using namespace pitr;
using namespace pitr::fuzz;

namespace {

constexpr std::uint64_t sizes[] = {1 << 20, 16 << 20, 1 << 30};

void look_at(const WalName& name) {
  expect(WalName::parse(name.text()) == name, "a name parses to itself");
  expect(number(name.timeline()) != 0, "there is no timeline 0");
  for (const std::uint64_t bytes : sizes) {
    const SegmentSize size = SegmentSize::of(bytes).value();
    const auto start = name.start(size);
    if (start && name.kind() == WalKind::segment) {
      expect(WalName::segment(name.timeline(), *start, size) == name, "a segment is named after its start");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = text_of(data, size);
  const std::string_view text = take_until(bytes, '\n');
  if (const auto stored = Name::parse(text)) {
    if (const auto parsed = stored_name(*stored)) {
      expect(parsed->name() == *stored, "a stored name is its WAL name and its suffix");
      look_at(parsed->wal);
    }
  }
  const auto name = WalName::parse(text);
  if (!name) return 0;
  look_at(*name);

  std::string passed;
  try {
    const auto check = check_wal({*name, {}, true, {}}, std::make_unique<StringSink>(passed));
    check->write(as_bytes(bytes));
    const auto header = parse_wal_page_header(as_bytes(bytes));
    const bool is_short = header && bytes.size() < header->segment_size.bytes();
    if (is_short && header->segment_size.bytes() == sizes[0]) {
      check->write(as_bytes(std::string(header->segment_size.bytes() - bytes.size(), 'x')));
    }
    check->finish();
  } catch (const Error& error) {
    expect(error.code() == Exit::damaged, "what is not right is damaged");
    return 0;
  }
  expect(passed.starts_with(bytes), "what passes is unchanged");
  const auto header = parse_wal_page_header(as_bytes(passed));
  const bool is_segment = name->kind() == WalKind::segment || name->kind() == WalKind::partial;
  expect(!is_segment || (header && passed.size() == header->segment_size.bytes() &&
                         name->start(header->segment_size) == header->page_address),
         "a segment that passes is whole and in its place");
  return 0;
}
