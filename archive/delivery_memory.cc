#include "archive/delivery_memory.h"

#include "common/base/line_reader.h"
#include "common/os/file_source.h"

namespace pitr {
namespace {

// Says which file it was: a recycled segment, or one written anew, has another time or another inode.
std::string identity_of(const std::filesystem::path& path) {
  const FileSource source = open_regular(path);
  const struct stat status = file_status(source.fd());
  return fmt::format("{} {} {}.{:09}", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

}  // namespace

std::filesystem::path DeliveryMemory::memory_of(const std::filesystem::path& path) const {
  return directory_ / "delivered" / path.filename();
}

std::set<std::string> DeliveryMemory::places(const std::filesystem::path& path) const {
  std::set<std::string> places;
  if (directory_.empty() || !is_there(memory_of(path))) return places;
  FileSource source = open_regular(memory_of(path));
  LineReader lines(source);
  std::string line;
  if (!lines.next(line) || line != identity_of(path)) return places;
  while (lines.next(line)) places.insert(line);
  return places;
}

void DeliveryMemory::remember(const std::filesystem::path& path, const std::set<std::string>& places) const {
  if (directory_.empty() || places.empty()) return;
  std::string text = identity_of(path) + "\n";
  for (const std::string& place : places) text += place + "\n";
  create_directories(directory_ / "delivered", openness_.directory);
  AtomicFile file(memory_of(path), AtomicFile::Existing::replace, openness_.file, AtomicFile::Durable::no);
  file.write(as_bytes(text));
  file.finish();
}

void DeliveryMemory::forget(const std::filesystem::path& path) const {
  if (!directory_.empty()) remove_file(memory_of(path));
}

}  // namespace pitr
