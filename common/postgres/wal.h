#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pitr {

// A timeline ID; 0 does not exist.
enum class Timeline : std::uint32_t {};
inline std::uint32_t number(Timeline timeline) { return static_cast<std::uint32_t>(timeline); }

// A byte position in the WAL, printed as PostgreSQL does: "3C/A0000028".
struct Lsn {
  std::uint64_t value = 0;
  auto operator<=>(const Lsn&) const = default;
};
std::string to_string(Lsn lsn);
std::optional<Lsn> parse_lsn(std::string_view text);

// Bytes in one WAL segment: a power of two from 1 MB to 1 GB, chosen at initdb.
class SegmentSize {
 public:
  static std::optional<SegmentSize> of(std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t segments_per_id() const { return 0x100000000ULL / bytes_; }
  Lsn start_of_segment(Lsn lsn) const { return {lsn.value & ~(bytes_ - 1)}; }
  auto operator<=>(const SegmentSize&) const = default;

 private:
  explicit SegmentSize(std::uint64_t bytes) : bytes_(bytes) {}
  std::uint64_t bytes_;
};

enum class WalKind {
  segment,  // 000000010000000000000007
  partial,  // 000000010000000000000007.partial, the unfinished last segment of an abandoned timeline
  history,  // 00000002.history
  backup,   // 000000010000000000000007.00000028.backup
};

// The name of a file that PostgreSQL archives. Whoever holds one holds a well-formed name: no path, no
// suffix.
class WalName {
 public:
  static std::optional<WalName> parse(std::string_view text);
  static WalName segment(Timeline timeline, Lsn lsn, SegmentSize size);  // the segment that holds `lsn`
  static WalName history(Timeline timeline);

  const std::string& text() const { return text_; }
  WalKind kind() const { return kind_; }
  Timeline timeline() const;
  // The LSN of the segment's first byte. Null for history files and for a name that cannot exist with `size`
  // (with 64 MB segments the last eight digits run from 00000000 to 0000003F).
  std::optional<Lsn> start(SegmentSize size) const;
  auto operator<=>(const WalName&) const = default;

 private:
  WalName(std::string text, WalKind kind) : text_(std::move(text)), kind_(kind) {}
  std::string text_;
  WalKind kind_;
};

}  // namespace pitr
