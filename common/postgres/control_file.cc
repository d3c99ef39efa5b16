#include "common/postgres/control_file.h"

#include <fcntl.h>

#include <cstring>

#include "common/codec/crc32c.h"
#include "common/os/file_source.h"
#include "common/os/signals.h"

namespace pitr {
namespace {

using ControlBytes = std::array<std::byte, 8192>;

// The same offsets in all versions we know.
constexpr std::size_t version_offset = 8;
constexpr std::size_t catalog_version_offset = 12;
constexpr std::size_t state_offset = 16;
constexpr std::size_t checkpoint_offset = 32;
constexpr std::size_t redo_offset = 40;
constexpr std::size_t timeline_offset = 48;
constexpr std::size_t min_recovery_point_offset = 136;
constexpr std::size_t min_recovery_timeline_offset = 144;
constexpr std::size_t max_connections_offset = 180;  // and four more numbers behind it
constexpr std::size_t page_size_offset = 216;
constexpr std::size_t pages_per_file_offset = 220;
constexpr std::size_t segment_size_offset = 228;
constexpr std::size_t data_checksum_version_offset = 252;

// Where the CRC of all bytes before it stands.
struct Layout {
  std::uint32_t control_version;
  std::size_t crc_offset;
};
constexpr Layout layouts[] = {{1300, 288}, {1700, 288}, {1800, 292}};

template <typename T>
T value_at(const ControlBytes& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

const Layout* layout_of(const ControlBytes& bytes) {
  for (const Layout& layout : layouts) {
    if (layout.control_version == value_at<std::uint32_t>(bytes, version_offset)) return &layout;
  }
  return nullptr;
}

std::filesystem::path control_path(const std::filesystem::path& data_directory) {
  return data_directory / "global" / "pg_control";
}

ControlBytes read_bytes(const std::filesystem::path& path) {
  FileSource source = open_regular(path);
  ControlBytes bytes{};
  if (read_full(source, bytes) != bytes.size())
    fail(Exit::failed, "read {}: shorter than 8192 bytes", path.native());
  return bytes;
}

// Reads until `good` accepts the bytes; the same bad bytes twice are damage, not a write in progress.
template <typename F>
ControlBytes read_until(const std::filesystem::path& path, F good) {
  for (ControlBytes last{};;) {
    const ControlBytes bytes = read_bytes(path);
    if (good(bytes)) return bytes;
    if (bytes == last) fail(Exit::damaged, "read {}: the checksum does not fit", path.native());
    last = bytes;
    pause_for(0.01);
  }
}

bool crc_fits(const ControlBytes& bytes, const Layout& layout) {
  return crc32c(0, Bytes(bytes).first(layout.crc_offset)) ==
         value_at<std::uint32_t>(bytes, layout.crc_offset);
}

}  // namespace

std::optional<ControlFile> parse_control_file(const ControlBytes& bytes) {
  const Layout* layout = layout_of(bytes);
  if (layout == nullptr || !crc_fits(bytes, *layout)) return std::nullopt;
  const auto segment_size = SegmentSize::of(value_at<std::uint32_t>(bytes, segment_size_offset));
  if (!segment_size) return std::nullopt;
  return ControlFile{
      .bytes = bytes,
      .system_identifier = value_at<std::uint64_t>(bytes, 0),
      .control_version = layout->control_version,
      .catalog_version = value_at<std::uint32_t>(bytes, catalog_version_offset),
      .state = value_at<std::uint32_t>(bytes, state_offset),
      .checkpoint = Lsn{value_at<std::uint64_t>(bytes, checkpoint_offset)},
      .redo = Lsn{value_at<std::uint64_t>(bytes, redo_offset)},
      .timeline = Timeline{value_at<std::uint32_t>(bytes, timeline_offset)},
      .min_recovery_point = Lsn{value_at<std::uint64_t>(bytes, min_recovery_point_offset)},
      .min_recovery_timeline = Timeline{value_at<std::uint32_t>(bytes, min_recovery_timeline_offset)},
      .segment_size = *segment_size,
      .max_connections = value_at<std::int32_t>(bytes, max_connections_offset),
      .max_worker_processes = value_at<std::int32_t>(bytes, max_connections_offset + 4),
      .max_wal_senders = value_at<std::int32_t>(bytes, max_connections_offset + 8),
      .max_prepared_transactions = value_at<std::int32_t>(bytes, max_connections_offset + 12),
      .max_locks_per_transaction = value_at<std::int32_t>(bytes, max_connections_offset + 16),
      .page_size = value_at<std::uint32_t>(bytes, page_size_offset),
      .pages_per_file = value_at<std::uint32_t>(bytes, pages_per_file_offset),
      .data_checksum_version = value_at<std::uint32_t>(bytes, data_checksum_version_offset)};
}

ControlBytes with_impossible_checkpoint(const ControlFile& control) {
  ControlBytes bytes = control.bytes;
  // Not 0, and not in a page header: PostgreSQL would refuse those even with the label.
  const std::uint64_t impossible = 0xDEAD;
  std::memcpy(bytes.data() + checkpoint_offset, &impossible, sizeof impossible);
  const std::size_t crc_offset = layout_of(bytes)->crc_offset;
  const std::uint32_t crc = crc32c(0, Bytes(bytes).first(crc_offset));
  std::memcpy(bytes.data() + crc_offset, &crc, sizeof crc);
  return bytes;
}

ControlFile read_control_file(const std::filesystem::path& data_directory) {
  const std::filesystem::path path = control_path(data_directory);
  const ControlBytes bytes = read_until(path, [&](const ControlBytes& read) {
    if (layout_of(read) == nullptr) {
      fail(Exit::failed, "read {}: version {} is not known (PostgreSQL 13 to 18 are)", path.native(),
           value_at<std::uint32_t>(read, version_offset));
    }
    return parse_control_file(read).has_value();
  });
  return *parse_control_file(bytes);
}

ClusterIdentity read_cluster_identity(const std::filesystem::path& data_directory) {
  const std::filesystem::path path = control_path(data_directory);
  const ControlBytes bytes = read_until(path, [](const ControlBytes& read) {
    const Layout* layout = layout_of(read);
    return layout == nullptr || crc_fits(read, *layout);
  });
  const auto segment_size = SegmentSize::of(value_at<std::uint32_t>(bytes, segment_size_offset));
  if (!segment_size) fail(Exit::damaged, "read {}: it names no possible segment size", path.native());
  return {value_at<std::uint64_t>(bytes, 0), *segment_size};
}

}  // namespace pitr
