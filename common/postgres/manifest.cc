#include "common/postgres/manifest.h"

#include <time.h>

#include <iterator>

#include <fmt/format.h>

#include "common/base/json_text.h"
#include "common/codec/crc32c.h"

namespace pitr {
namespace {

constexpr std::size_t buffer_size = 64 * 1024;

std::string gmt(time_t when) {
  struct tm parts = {};
  char text[64];
  if (::gmtime_r(&when, &parts) == nullptr) return "1970-01-01 00:00:00 GMT";  // a year that int cannot hold
  return {text, ::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S GMT", &parts)};
}

}  // namespace

ManifestWriter::ManifestWriter(Sink& next, int major, std::uint64_t system_identifier) : next_(next) {
  buffer_ = fmt::format("{{ \"PostgreSQL-Backup-Manifest-Version\": {},\n", major < 17 ? 1 : 2);
  if (major >= 17) buffer_ += fmt::format("\"System-Identifier\": {},\n", system_identifier);
  buffer_ += "\"Files\": [";
}

void ManifestWriter::add(std::string_view path, std::uint64_t size, time_t modified, std::uint32_t crc32c) {
  buffer_ += has_files_ ? ",\n{ " : "\n{ ";
  has_files_ = true;
  append_json_path(buffer_, "Path", "Encoded-Path", path);
  fmt::format_to(std::back_inserter(buffer_),
                 ", \"Size\": {}, \"Last-Modified\": \"{}\", \"Checksum-Algorithm\": \"CRC32C\", "
                 "\"Checksum\": \"{}\" }}",
                 size, gmt(modified), crc32c_hex(crc32c));
  if (buffer_.size() >= buffer_size) flush();
}

void ManifestWriter::finish(std::span<const WalRange> ranges) {
  buffer_ += "\n],\n\"WAL-Ranges\": [\n";
  for (const WalRange& range : ranges) {
    if (&range != ranges.data()) buffer_ += ",\n";
    buffer_ += fmt::format("{{ \"Timeline\": {}, \"Start-LSN\": \"{}\", \"End-LSN\": \"{}\" }}",
                           number(range.timeline), to_string(range.start), to_string(range.end));
  }
  buffer_ += "\n],\n";
  flush();
  next_.write(as_bytes(fmt::format("\"Manifest-Checksum\": \"{}\"}}\n", digest_.hex())));
}

void ManifestWriter::flush() {
  digest_.update(as_bytes(buffer_));
  next_.write(as_bytes(buffer_));
  buffer_.clear();
}

}  // namespace pitr
