#include "restore/wal/prefetch_spool.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/codec/crc32c.h"
#include "common/os/file.h"
#include "common/os/file_source.h"
#include "common/os/lock.h"
#include "common/postgres/wal_check.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t segment_length = 24;

// Hands bytes on and sums them up.
class CrcSink final : public Sink {
 public:
  explicit CrcSink(std::uint32_t& crc) : crc_(crc) { crc_ = 0; }
  void write(Bytes bytes) override { crc_ = crc32c(crc_, bytes); }
  void finish() override {}

 private:
  std::uint32_t& crc_;
};

// Null: there is no such directory. Nobody but us may be able to put anything into it.
Fd open_private(const fs::path& path, int flags, mode_t others) {
  Fd directory = open_if_there(path, O_RDONLY | O_DIRECTORY | flags);
  if (!directory) return directory;
  const struct stat status = file_status(directory);
  const bool is_ours = status.st_uid == ::geteuid() || (flags == 0 && status.st_uid == 0);
  if (!is_ours || (status.st_mode & others) != 0) {
    fail(Exit::failed, "open {}: others may write into it", path.native());
  }
  return directory;
}

}  // namespace

bool PrefetchSpool::open() {
  if (!open_private(directory_, 0, S_IWGRP | S_IWOTH)) return false;
  opened_ = open_private(path_, O_NOFOLLOW, S_IRWXG | S_IRWXO);
  return static_cast<bool>(opened_);
}

void PrefetchSpool::create() {
  if (open()) return;
  // A missing parent is a disk that is not mounted.
  const fs::path parent = directory_.parent_path();
  if (!is_there(parent)) fail(Exit::failed, "{}: no such directory", parent.native());
  create_directories(path_, 0700);
  if (!open()) fail(Exit::failed, "open {}: somebody removed it", path_.native());
}

std::vector<PrefetchSpool::Entry> PrefetchSpool::entries() const {
  std::vector<Entry> found;
  std::error_code code;
  for (fs::directory_iterator entry(path_, code), end; !code && entry != end; entry.increment(code)) {
    const std::string file = entry->path().filename().native();
    const auto segment = WalName::parse(file.substr(0, segment_length));
    if (!segment || segment->kind() != WalKind::segment || file.size() != segment_length + 9) continue;
    std::uint32_t crc = 0;
    const auto [last, wrong] =
        std::from_chars(file.data() + segment_length + 1, file.data() + file.size(), crc, 16);
    if (wrong == std::errc() && last == file.data() + file.size()) found.push_back({*segment, crc, file});
  }
  if (code && code != std::errc::no_such_file_or_directory) {
    fail(Exit::failed, "list {}: {}", path_.native(), errno_text(code.value()));
  }
  return found;
}

// The same checks as for what an archive holds, and one for what the disk may have made of it since.
void PrefetchSpool::read(const Entry& entry, const Fd& file, Sink& to) const {
  const auto checked = check_wal({entry.segment, cluster_, true, {}}, std::make_unique<BorrowedSink>(to));
  std::array<std::byte, 128 * 1024> buffer;  // of which the processor's cache holds two
  std::uint32_t crc = 0;
  std::uint64_t at = 0;
  for (std::size_t n = read_at(file, buffer, at); n > 0; n = read_at(file, buffer, at)) {
    const Bytes bytes = Bytes(buffer).first(n);
    crc = crc32c(crc, bytes);
    checked->write(bytes);
    at += n;
  }
  if (crc != entry.crc) fail(Exit::damaged, "{}/{}: its checksum is {:08x}", path_.native(), entry.file, crc);
  checked->finish();
}

bool PrefetchSpool::give(const Entry& entry, const fs::path& target) {
  const Fd file = open_file(opened_, entry.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!S_ISREG(file_status(file).st_mode)) fail(Exit::failed, "{}: not a regular file", file.name());
  NullSink nothing;
  read(entry, file, nothing);
  if (!move_file(opened_, entry.file, target)) {
    AtomicFile copy(target, AtomicFile::Existing::replace, 0600, AtomicFile::Durable::no);
    read(entry, file, copy);
    remove_at(opened_, entry.file, Removed::file);
    return true;
  }
  if (is_name_of(Fd(), target, file)) return true;
  remove_file(target);
  fail(Exit::failed, "{}: somebody changed it meanwhile", file.name());
}

bool PrefetchSpool::hand_over(const WalName& segment, const fs::path& target) {
  for (const Entry& entry : entries()) {
    if (entry.segment != segment) continue;
    try {
      if (give(entry, target)) return true;
    } catch (...) {
      remove_at(opened_, entry.file, Removed::file);
      throw;
    }
  }
  return false;
}

void PrefetchSpool::keep(const WalName& segment) {
  // Read back: these very bytes were verified while they were written, and are still in the memory of the
  // system.
  std::uint32_t crc = 0;
  CrcSink sum(crc);
  FileSource source(open_file(opened_, "loading", O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  copy(source, sum);
  (void)move_file(opened_, "loading", path_ / fmt::format("{}.{:08x}", segment.text(), crc));
}

std::vector<WalName> PrefetchSpool::segments() const {
  std::vector<WalName> found;
  for (const Entry& entry : entries()) found.push_back(entry.segment);
  return found;
}

void PrefetchSpool::drop_unless(const std::function<bool(const WalName&)>& wanted) {
  for (const Entry& entry : entries()) {
    if (!wanted(entry.segment)) remove_at(opened_, entry.file, Removed::file);
  }
}

std::uint64_t PrefetchSpool::free_bytes() const {
  struct statvfs space {};
  if (::fstatvfs(opened_.number(), &space) != 0)
    fail(Exit::failed, "stat {}: {}", path_.native(), errno_text(errno));
  return std::uint64_t{space.f_bavail} * space.f_frsize;
}

std::optional<PrefetchSpool::Asked> PrefetchSpool::asked() const {
  const Fd file = open_if_there(opened_, "asked", O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return std::nullopt;
  std::array<std::byte, 64> buffer;
  const std::string text(reinterpret_cast<const char*>(buffer.data()), read_at(file, buffer, 0));
  const auto segment = WalName::parse(text.substr(0, segment_length));
  int in_a_row = 0;
  if (!segment || text.size() != segment_length + 4) return std::nullopt;
  std::from_chars(text.data() + segment_length + 1, text.data() + segment_length + 3, in_a_row);
  return Asked{*segment, in_a_row};
}

void PrefetchSpool::remember(const WalName& segment) {
  const auto before = asked();
  const int in_a_row = std::min(before ? before->in_a_row + 1 : 1, 99);
  // Written over: ext4 writes a file out at once that replaces another one, and one that was cut.
  const Fd file = open_file(opened_, "asked", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
  write_all_at(file, as_bytes(fmt::format("{} {:02}\n", segment.text(), in_a_row)), 0);
}

void PrefetchSpool::forget() { remove_at(opened_, "asked", Removed::file); }

void PrefetchSpool::remove() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  // Other clusters may have theirs here.
  fs::remove(directory_, ignored);
}

}  // namespace pitr
