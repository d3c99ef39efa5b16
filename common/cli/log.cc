#include "common/cli/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "common/base/printable.h"
#include "common/base/time_text.h"
#include "common/os/file.h"

namespace pitr {
namespace {

// open_file() and write_all() throw once a signal was caught, and the line that tells of the signal must
// still get out: therefore the log opens and writes by itself. One write(2) per line keeps the lines of
// processes apart.
void write_line(int descriptor, std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (count == 0) {
      fail(Exit::failed, "write {}: nothing was taken", name);
    } else if (errno != EINTR) {
      fail(Exit::failed, "write {}: {}", name, errno_text(errno));
    }
  }
}

void write_to_stderr(std::string_view program, std::string_view level, std::string_view message) {
  try {
    write_line(STDERR_FILENO, fmt::format("{}: {} : {}\n", program, level, message), "stderr");
  } catch (const std::exception&) {
    // Nobody is left who could be told.
  }
}

Fd open_log(const std::filesystem::path& path) {
  if (path.has_parent_path() && ::access(path.parent_path().c_str(), F_OK) != 0 && errno == ENOENT) {
    create_directories(path.parent_path(), 0700);
  }
  // O_NONBLOCK: a FIFO that nobody reads must not stop the archiving.
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  Fd file(::open(path.c_str(), flags, 0600), path.native());
  if (!file) fail(Exit::failed, "open {}: {}", path.native(), errno_text(errno));
  return file;
}

// logrotate renames or removes the file: then the next line belongs into a new one.
bool still_names(const std::string& path, const Fd& file) {
  struct stat named {};
  if (::stat(path.c_str(), &named) != 0) return errno != ENOENT;
  const struct stat opened = file_status(file);
  return named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

}  // namespace

bool Log::has_errors() const {
  const std::lock_guard lock(*mutex_);
  return has_errors_;
}

void Log::line(std::string_view level, std::string_view message) {
  const std::lock_guard lock(*mutex_);
  if (level == "ERROR") has_errors_ = true;
  try {
    const std::string text = printable(message);
    const bool has_log = !pattern_.empty();
    const bool is_error = level != "LOG";
    const bool in_log = has_log && write_to_file(level, text);
    if (is_error || (has_log ? !in_log : verbose_)) write_to_stderr(program_, level, text);
  } catch (const std::exception& error) {
    write_to_stderr(program_, level, error.what());
  }
}

bool Log::write_to_file(std::string_view level, std::string_view message) {
  try {
    const auto now = std::chrono::system_clock::now();
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    const auto fraction = std::chrono::duration_cast<std::chrono::microseconds>(now - second).count();
    const std::string text =
        fmt::format("{}.{:06} {} : {} : {} : {} : {}\n", expand_time("^Y-^m-^d ^H:^M:^S", now), fraction,
                    expand_time("^z", now), ::getpid(), program_, level, message);
    if (pattern_ == "-") {
      write_line(STDOUT_FILENO, text, "stdout");
      return true;
    }
    std::string path = expand_time(pattern_, now);
    if (!file_ || path != path_ || !still_names(path_, file_)) {
      file_ = open_log(path);
      path_ = std::move(path);
    }
    write_line(file_.number(), text, path_);
    return true;
  } catch (const Error& error) {
    file_.close();  // the next line tries again: the disk may have room by then
    if (!complained_) {
      write_to_stderr(program_, "ERROR", printable(fmt::format("log: {}; lines go to stderr", error.what())));
    }
    complained_ = true;
    return false;
  }
}

Log::Timer::~Timer() {
  if (std::uncaught_exceptions() > unwinding) return;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  try {
    log.detail("Timer [{}] took: {:.3f}s", name, taken.count());
  } catch (const std::exception&) {
    // A destructor does not throw, and the step itself has worked.
  }
}

}  // namespace pitr
