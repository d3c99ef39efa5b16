#include "common/set/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <exception>
#include <vector>

#include "common/os/utf8_locale.h"

namespace pitr {
namespace {

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

TarEntry::Kind kind_of(archive_entry* entry) {
  if (::archive_entry_hardlink(entry) != nullptr) return TarEntry::Kind::hardlink;
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      return TarEntry::Kind::file;
    case AE_IFDIR:
      return TarEntry::Kind::directory;
    case AE_IFLNK:
      return TarEntry::Kind::symlink;
    default:
      return TarEntry::Kind::other;
  }
}

}  // namespace

class TarReader::Impl final : public Source {
 public:
  Impl(Source& from, std::string name) : from_(from), name_(std::move(name)), buffer_(256 * 1024) {
    if (!archive_) fail(Exit::failed, "read {}: out of memory", name_);
    check(::archive_read_support_format_tar(archive_.get()));
    check(::archive_read_open(archive_.get(), this, nullptr, pull, nullptr));
  }

  bool next(TarEntry& entry) {
    archive_entry* found = nullptr;
    const auto utf8 = utf8_.scope();
    const int result = ::archive_read_next_header(archive_.get(), &found);
    if (result == ARCHIVE_EOF) return require_end_mark();
    // A warning is a name that is not UTF-8: its bytes are there all the same.
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) fail_with_reason();
    entry = {.kind = kind_of(found),
             .path = text_or_empty(::archive_entry_pathname(found)),
             .target = text_or_empty(::archive_entry_hardlink(found)),
             .size = static_cast<std::uint64_t>(::archive_entry_size(found)),
             .mode = static_cast<mode_t>(::archive_entry_perm(found)),
             .owner = static_cast<uid_t>(::archive_entry_uid(found)),
             .group = static_cast<gid_t>(::archive_entry_gid(found)),
             .modified = ::archive_entry_mtime(found)};
    if (entry.kind == TarEntry::Kind::symlink) entry.target = text_or_empty(::archive_entry_symlink(found));
    if (entry.path.empty()) fail(Exit::damaged, "{}: holds a member without a readable name", name_);
    member_ = entry.path;
    any_ = true;
    return true;
  }

  std::size_t read(std::span<std::byte> buffer) override {
    const la_ssize_t n = ::archive_read_data(archive_.get(), buffer.data(), buffer.size());
    if (n < 0) fail_with_reason();
    return static_cast<std::size_t>(n);
  }

 private:
  struct Free {
    void operator()(struct archive* archive) const { ::archive_read_free(archive); }
  };

  // Called from C, which an exception must not cross.
  static la_ssize_t pull(struct archive*, void* self, const void** bytes) {
    auto& impl = *static_cast<Impl*>(self);
    try {
      *bytes = impl.buffer_.data();
      const std::size_t n = impl.from_.read(impl.buffer_);
      impl.note(Bytes(impl.buffer_).first(n));
      return static_cast<la_ssize_t>(n);
    } catch (...) {
      impl.thrown_ = std::current_exception();
      return ARCHIVE_FATAL;
    }
  }

  // libarchive takes the end of the bytes for the end of the tar, so that one cut off between two members
  // would look whole. Behind the last member of a whole one stand two blocks of zeros.
  void note(Bytes bytes) {
    std::size_t zeros = 0;
    while (zeros < bytes.size() && bytes[bytes.size() - 1 - zeros] == std::byte{0}) ++zeros;
    zeros_at_end_ = zeros == bytes.size() ? zeros_at_end_ + zeros : zeros;
    size_ += bytes.size();
  }
  bool require_end_mark() {
    constexpr std::uint64_t end_mark = 1024;
    const auto end_of_members = static_cast<std::uint64_t>(::archive_read_header_position(archive_.get()));
    for (std::size_t n = from_.read(buffer_); n > 0; n = from_.read(buffer_)) note(Bytes(buffer_).first(n));
    if (!any_) fail(Exit::damaged, "{}: holds nothing", name_);
    if (size_ < end_of_members + end_mark || zeros_at_end_ < end_mark) {
      fail(Exit::damaged, "{}: ends early, after member {}", name_, member_);
    }
    return false;
  }

  void check(int result) {
    if (result != ARCHIVE_OK) fail_with_reason();
  }
  [[noreturn]] void fail_with_reason() {
    if (thrown_) std::rethrow_exception(thrown_);
    const std::string at = member_.empty() ? "" : fmt::format(" (in or after member {})", member_);
    fail(Exit::damaged, "{}: is no whole tar: {}{}", name_,
         text_or_empty(::archive_error_string(archive_.get())), at);
  }

  Source& from_;
  const std::string name_;
  std::vector<std::byte> buffer_;
  std::exception_ptr thrown_;  // by the source
  std::string member_;
  bool any_ = false;
  std::uint64_t size_ = 0, zeros_at_end_ = 0;
  const Utf8 utf8_;
  std::unique_ptr<struct archive, Free> archive_{::archive_read_new()};
};

TarReader::TarReader(Source& from, std::string name) : impl_(std::make_unique<Impl>(from, std::move(name))) {}
TarReader::~TarReader() = default;
bool TarReader::next(TarEntry& entry) { return impl_->next(entry); }
Source& TarReader::content() { return *impl_; }

}  // namespace pitr
