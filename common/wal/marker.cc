#include "common/wal/marker.h"

#include <array>
#include <charconv>

#include "common/wal/stored_name.h"
#include "common/wal/wal_archive.h"

namespace pitr {
namespace {

// Takes the first page of a segment, then ends the reading by throwing Enough.
class FirstPage final : public Sink {
 public:
  struct Enough : Error {
    Enough() : Error(Exit::failed, "enough") {}
  };
  explicit FirstPage(std::vector<std::byte>& page) : page_(page) {}
  void write(Bytes bytes) override {
    page_.insert(page_.end(), bytes.begin(), bytes.end());
    if (page_.size() >= wal_page_header_size) throw Enough();
  }
  void finish() override {}

 private:
  std::vector<std::byte>& page_;
};

std::optional<WalPageHeader> read_header(Store& store, StoredWal stored) {
  std::vector<std::byte> page;
  const auto chain = decompress(stored.codec, store.describe(stored.name), std::make_unique<FirstPage>(page));
  try {
    copy(*stored.source, *chain);
  } catch (const FirstPage::Enough&) {
  }
  return parse_wal_page_header(page);
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos || (at != 0 && text[at - 1] != '\n')) return std::nullopt;
  text.remove_prefix(at + key.size());
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end == text.data() + text.size() || *end != '\n') return std::nullopt;
  return value;
}

}  // namespace

Name marker() { return *Name::parse(marker_name); }

std::optional<WalPageHeader> any_segment_header(Store& store) {
  std::optional<WalName> found;
  store.list("", [&](const Name& name) {
    found = stored_segment(name);
    return !found;
  });
  if (!found) return std::nullopt;
  for (StoredWal& stored : find_wal(store, *found)) {
    if (auto header = read_header(store, std::move(stored))) return header;
  }
  return std::nullopt;
}

std::optional<ClusterIdentity> read_marker(Store& store) {
  const auto source = store.open(marker());
  if (!source) return std::nullopt;
  std::array<std::byte, 4096> buffer;
  const std::size_t size = read_full(*source, buffer);
  const std::string_view text(reinterpret_cast<const char*>(buffer.data()), size);
  const auto system_identifier = number_after(text, "System-Identifier: ");
  const auto segment_size = SegmentSize::of(number_after(text, "Segment-Size: ").value_or(0));
  if (size == buffer.size() || !system_identifier || !segment_size) {
    fail(Exit::damaged, "read {}: not a marker of pitr-archive (remove it and run pitr-archive --init)",
         store.describe(marker()));
  }
  return ClusterIdentity{*system_identifier, *segment_size};
}

void write_marker(Store& store, const ClusterIdentity& identity) {
  const auto sink = store.create(marker());
  const std::string text = fmt::format("System-Identifier: {}\nSegment-Size: {}\n",
                                       identity.system_identifier, identity.segment_size.bytes());
  sink->write(as_bytes(text));
  sink->finish();
}

bool is_empty_place(Store& store) {
  bool empty = true;
  store.list("", [&](const Name& name) {
    empty = name.text() == "lost+found";
    return empty;
  });
  return empty;
}

void require_same_cluster(Store& store, const ClusterIdentity& identity) {
  const auto found = any_segment_header(store);
  if (found && found->system_identifier != identity.system_identifier) {
    fail(Exit::failed, "{}: holds the WAL of cluster {}, not of {}", store.describe(),
         found->system_identifier, identity.system_identifier);
  }
}

ClusterIdentity required_identity(Store& store) {
  if (const auto marked = read_marker(store)) return *marked;
  if (const auto found = any_segment_header(store)) return {found->system_identifier, found->segment_size};
  fail(Exit::failed, "{}: neither a marker {} nor a WAL segment in it (is its disk mounted?)",
       store.describe(), marker_name);
}

void require_archive_of(Store& store, std::optional<std::uint64_t> system_identifier) {
  const ClusterIdentity found = required_identity(store);
  if (system_identifier && found.system_identifier != *system_identifier) {
    fail(Exit::failed, "{}: holds the WAL of cluster {}, not of {}", store.describe(),
         found.system_identifier, *system_identifier);
  }
}

}  // namespace pitr
