#include "common/os/spool_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace pitr {

SpoolFile::SpoolFile(const std::filesystem::path& directory) {
  const std::string name = (directory / "spool").native();
  int number = ::open(directory.c_str(), O_RDWR | O_TMPFILE | O_APPEND | O_CLOEXEC, 0600);
  if (number < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    std::string pattern = name + ".XXXXXX";
    number = ::mkostemp(pattern.data(), O_APPEND | O_CLOEXEC);
    if (number >= 0) ::unlink(pattern.c_str());
  }
  if (number < 0)
    fail(Exit::failed, "create a temporary file in {}: {}", directory.native(), errno_text(errno));
  file_ = Fd(number, name);
}

void SpoolFile::truncate(std::uint64_t size) {
  if (::ftruncate(file_.number(), static_cast<off_t>(size)) != 0) {
    fail(Exit::failed, "truncate {}: {}", file_.name(), errno_text(errno));
  }
  size_ = size;
}

void SpoolFile::write(Bytes bytes) {
  try {
    write_all(file_, bytes);
  } catch (...) {
    // What a full disk took of it would stand before whatever is written when there is room again.
    (void)!::ftruncate(file_.number(), static_cast<off_t>(size_));
    throw;
  }
  size_ += bytes.size();
}

namespace {

class SpoolReader final : public Source {
 public:
  SpoolReader(const Fd& file, std::uint64_t size) : file_(file), left_(size) {
    if (::lseek(file.number(), 0, SEEK_SET) != 0)
      fail(Exit::failed, "seek {}: {}", file.name(), errno_text(errno));
  }
  std::size_t read(std::span<std::byte> buffer) override {
    if (left_ == 0) return 0;
    const std::size_t n = read_some(file_, buffer.first(std::min<std::uint64_t>(buffer.size(), left_)));
    if (n == 0) fail(Exit::failed, "read {}: ends early", file_.name());
    left_ -= n;
    return n;
  }

 private:
  const Fd& file_;
  std::uint64_t left_;
};

}  // namespace

std::unique_ptr<Source> SpoolFile::reader() { return std::make_unique<SpoolReader>(file_, size_); }

}  // namespace pitr
