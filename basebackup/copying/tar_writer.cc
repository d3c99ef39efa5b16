#include "basebackup/copying/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <map>
#include <vector>

#include "common/base/json_text.h"
#include "common/codec/crc32c.h"
#include "common/os/utf8_locale.h"

namespace pitr {
namespace {

constexpr std::size_t piece_size = 256 * 1024;

// Calls one of getpwuid_r(), getgrgid_r(). Empty when the ID has no name.
template <typename Record, typename Id>
std::string look_up(int (*get)(Id, Record*, char*, std::size_t, Record**), char* Record::*name, Id id) {
  std::vector<char> buffer(1024);
  for (;;) {
    Record record;
    Record* found = nullptr;
    const int error = get(id, &record, buffer.data(), buffer.size(), &found);
    if (error != ERANGE) return found == nullptr ? "" : record.*name;
    buffer.resize(buffer.size() * 2);
  }
}

unsigned int file_type(Entry::Kind kind) {
  switch (kind) {
    case Entry::Kind::directory:
      return AE_IFDIR;
    case Entry::Kind::file:
      return AE_IFREG;
    case Entry::Kind::symlink:
      return AE_IFLNK;
  }
  return AE_IFREG;
}

}  // namespace

TarMember TarMember::of(const Entry& entry) {
  const bool is_file = entry.kind == Entry::Kind::file;
  return {.kind = entry.kind,
          .path = entry.tar_path,
          .target = entry.target,
          .size = is_file ? static_cast<std::uint64_t>(entry.status.st_size) : 0,
          .mode = entry.status.st_mode & 07777,
          .owner = entry.status.st_uid,
          .group = entry.status.st_gid,
          .modified = entry.status.st_mtim};
}

class TarWriter::Impl {
 public:
  Impl(std::unique_ptr<Sink> next, Note note);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  TarPosition begin(const TarMember& member);
  void write(Bytes bytes);
  void end();
  void finish();
  std::uint64_t offset() const { return offset_; }

 private:
  struct FreeArchive {
    void operator()(struct archive* archive) const { ::archive_write_free(archive); }
  };
  struct FreeEntry {
    void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
  };

  static la_ssize_t push(struct archive*, void* self, const void* bytes, std::size_t size);
  void fill(const TarMember& member);
  void check(la_ssize_t result);

  std::unique_ptr<Sink> next_;
  Note note_;
  std::uint64_t offset_ = 0;
  std::exception_ptr thrown_;  // by the sink
  bool abandoned_ = false;
  std::string path_;                   // of the member that is being written
  TarPosition position_{};             // of that member
  std::uint64_t size_ = 0, rest_ = 0;  // its bytes, and those that are still missing
  std::map<uid_t, std::string> owners_;
  std::map<gid_t, std::string> groups_;
  const Utf8 utf8_;
  std::unique_ptr<archive_entry, FreeEntry> entry_{::archive_entry_new()};
  std::unique_ptr<struct archive, FreeArchive> archive_{::archive_write_new()};
};

TarWriter::Impl::Impl(std::unique_ptr<Sink> next, Note note)
    : next_(std::move(next)), note_(std::move(note)) {
  if (!entry_ || !archive_) fail(Exit::failed, "write tar: out of memory");
  check(::archive_write_set_format_pax_restricted(archive_.get()));
  // Unblocked: every byte is with the sink when a call returns, so that offset() is true.
  check(::archive_write_set_bytes_per_block(archive_.get(), 0));
  check(::archive_write_open(archive_.get(), this, nullptr, push, nullptr));
}

// libarchive frees everything only when it is closed, and would write the end of the tar then.
TarWriter::Impl::~Impl() {
  abandoned_ = true;
  ::archive_write_close(archive_.get());
}

// Called from C, which an exception must not cross.
la_ssize_t TarWriter::Impl::push(struct archive*, void* self, const void* bytes, std::size_t size) {
  auto& impl = *static_cast<Impl*>(self);
  if (impl.abandoned_ || impl.thrown_) return -1;
  try {
    impl.next_->write(Bytes(static_cast<const std::byte*>(bytes), size));
    impl.offset_ += size;
    return static_cast<la_ssize_t>(size);
  } catch (...) {
    impl.thrown_ = std::current_exception();
    return -1;
  }
}

void TarWriter::Impl::check(la_ssize_t result) {
  if (thrown_) std::rethrow_exception(thrown_);
  if (result >= ARCHIVE_OK) return;
  const char* reason = ::archive_error_string(archive_.get());
  fail(Exit::failed, "write {} into tar: {}", path_, reason == nullptr ? "libarchive refuses" : reason);
}

void TarWriter::Impl::fill(const TarMember& member) {
  archive_entry* const entry = ::archive_entry_clear(entry_.get());
  ::archive_entry_set_filetype(entry, file_type(member.kind));
  ::archive_entry_set_pathname(entry, member.path.c_str());
  if (member.kind == Entry::Kind::symlink) ::archive_entry_set_symlink(entry, member.target.c_str());
  ::archive_entry_set_size(entry, static_cast<la_int64_t>(member.size));
  ::archive_entry_set_perm(entry, member.mode);
  ::archive_entry_set_mtime(entry, member.modified.tv_sec, member.modified.tv_nsec);
  ::archive_entry_set_uid(entry, member.owner);
  ::archive_entry_set_gid(entry, member.group);
  const auto [owner, new_owner] = owners_.try_emplace(member.owner);
  if (new_owner) owner->second = look_up(::getpwuid_r, &passwd::pw_name, member.owner);
  const auto [group, new_group] = groups_.try_emplace(member.group);
  if (new_group) group->second = look_up(::getgrgid_r, &::group::gr_name, member.group);
  if (!owner->second.empty()) ::archive_entry_set_uname(entry, owner->second.c_str());
  if (!group->second.empty()) ::archive_entry_set_gname(entry, group->second.c_str());
}

TarPosition TarWriter::Impl::begin(const TarMember& member) {
  path_ = member.path;
  const std::uint64_t header = offset_;
  fill(member);
  int result = 0;
  {
    const auto utf8 = utf8_.scope();
    result = ::archive_write_header(archive_.get(), entry_.get());
  }
  // A warning about a name that is no UTF-8 says that it went in as it is, which is what we want.
  const bool expected = !is_utf8(member.path) || !is_utf8(member.target);
  check(result == ARCHIVE_WARN && expected ? ARCHIVE_OK : result);
  size_ = rest_ = member.size;
  position_ = {header, offset_};
  return position_;
}

void TarWriter::Impl::write(Bytes bytes) {
  if (bytes.size() > rest_) fail(Exit::failed, "write {} into tar: more bytes than announced", path_);
  while (!bytes.empty()) {
    const la_ssize_t written = ::archive_write_data(archive_.get(), bytes.data(), bytes.size());
    check(written == 0 ? ARCHIVE_FATAL : written);
    rest_ -= static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void TarWriter::Impl::end() {
  if (rest_ != 0) fail(Exit::failed, "write {} into tar: {} bytes fewer than announced", path_, rest_);
  check(::archive_write_finish_entry(archive_.get()));
  if (note_) note_(path_, position_, size_);
}

void TarWriter::Impl::finish() {
  path_ = "end";
  check(::archive_write_close(archive_.get()));
  next_->finish();
}

TarWriter::TarWriter(std::unique_ptr<Sink> next, Note note)
    : impl_(std::make_unique<Impl>(std::move(next), std::move(note))) {}
TarWriter::~TarWriter() = default;
TarPosition TarWriter::begin(const TarMember& member) { return impl_->begin(member); }
void TarWriter::write(Bytes bytes) { impl_->write(bytes); }
void TarWriter::end() { impl_->end(); }
void TarWriter::finish() { impl_->finish(); }
std::uint64_t TarWriter::offset() const { return impl_->offset(); }

TarPosition TarWriter::add(TarMember member, Bytes content) {
  member.size = content.size();
  const TarPosition position = begin(member);
  write(content);
  end();
  return position;
}

TarPosition TarWriter::add(const TarMember& member, Source& content) {
  const TarPosition position = begin(member);
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(piece_size);
  while (const std::size_t n = content.read({buffer.get(), piece_size})) write({buffer.get(), n});
  end();
  return position;
}

StoredMember store_file(TarWriter& tar, const Entry& entry, Source& content, const MemberObserver& observe) {
  const TarMember member = TarMember::of(entry);
  StoredMember stored{.position = tar.begin(member), .size = member.size, .missing = 0, .crc32c = 0};
  const std::size_t buffer_size = static_cast<std::size_t>(std::min<std::uint64_t>(member.size, piece_size));
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(buffer_size);
  for (std::uint64_t rest = member.size; rest > 0;) {
    const std::span piece(buffer.get(), static_cast<std::size_t>(std::min<std::uint64_t>(rest, piece_size)));
    // Once the file has ended it stays ended: the zeros must not be followed by bytes that it grew by again.
    const std::size_t got = stored.missing == 0 ? read_full(content, piece) : 0;
    std::ranges::fill(piece.subspan(got), std::byte{0});
    stored.missing += piece.size() - got;
    stored.crc32c = crc32c(stored.crc32c, piece);
    if (observe) observe(piece);
    tar.write(piece);
    rest -= piece.size();
  }
  tar.end();
  return stored;
}

}  // namespace pitr
