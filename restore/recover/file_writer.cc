#include "restore/recover/file_writer.h"

namespace pitr {

FileWriter::Buffer FileWriter::buffer() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return std::make_unique_for_overwrite<std::byte[]>(piece_size);
  // One that was used lies in memory already.
  Buffer buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void FileWriter::write(std::shared_ptr<const Fd> file, Buffer buffer, std::size_t size,
                       std::uint64_t offset) {
  tasks_.post([this, file = std::move(file), buffer = std::move(buffer), size, offset]() mutable {
    write_all_at(*file, Bytes(buffer.get(), size), offset);
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(buffer));
  });
}

void FileWriter::finish() { tasks_.finish(); }

}  // namespace pitr
