#include "common/set/backup_index.h"

#include <iterator>

#include <fmt/format.h>

#include "common/base/json_text.h"
#include "common/codec/crc32c.h"

namespace pitr {
namespace {

constexpr std::size_t buffer_size = 64 * 1024;

}  // namespace

BackupIndexWriter::BackupIndexWriter(Sink& next, Begin begin) : next_(next) {
  if (begin == Begin::continued) return;
  buffer_ = fmt::format("{{\"kind\": \"index\", \"version\": {}", backup_index_version);
  end_line();
}

void BackupIndexWriter::add(const Member& member) {
  fmt::format_to(std::back_inserter(buffer_), "{{\"kind\": \"member\", \"set\": \"{}\", ", name(member.part));
  append_json_path(buffer_, "path", "encoded_path", member.path);
  fmt::format_to(std::back_inserter(buffer_), ", \"header\": {}, \"data\": {}, \"size\": {}", member.header,
                 member.data, member.size);
  end_line();
}

void BackupIndexWriter::add(std::string_view file, const StoredBlock& block) {
  buffer_ += "{\"kind\": \"block\", ";
  append_json_path(buffer_, "file", "encoded_file", file);
  fmt::format_to(std::back_inserter(buffer_),
                 ", \"stored_offset\": {}, \"stored_size\": {}, \"raw_offset\": {}, \"raw_size\": {}, "
                 "\"crc32c\": \"{}\"",
                 block.stored_offset, block.stored_size, block.raw_offset, block.raw_size,
                 crc32c_hex(crc32c(0, block.bytes)));
  end_line();
}

void BackupIndexWriter::add(const File& file) {
  buffer_ += "{\"kind\": \"file\", ";
  append_json_path(buffer_, "name", "encoded_name", file.name);
  fmt::format_to(std::back_inserter(buffer_), ", \"codec\": \"{}\", \"size\": {}, \"sha256\": \"{}\"",
                 name(file.codec), file.size, file.sha256);
  end_line();
}

void BackupIndexWriter::end_line() {
  buffer_ += "}\n";
  if (buffer_.size() >= buffer_size) flush();
}

void BackupIndexWriter::flush() {
  if (!buffer_.empty()) next_.write(as_bytes(buffer_));
  buffer_.clear();
}

}  // namespace pitr
