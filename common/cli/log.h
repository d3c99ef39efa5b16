#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "common/os/fd.h"

namespace pitr {

// Log lines in the form that OmniPITR's log tools know:
//   2015-09-09 04:50:54.185227 -0400 : 9766 : pitr-base : LOG : All done.
// Without a log file errors go to stderr as "pitr-base: ERROR : …" (PostgreSQL's own log adds the time).
// Threads may share a log. Logging never throws: a log that cannot be written is said once on stderr, and the
// work goes on.
class Log {
 public:
  explicit Log(std::string_view program) : program_(program) {}

  // `pattern` is a strftime template with '^' for '%' (PostgreSQL owns '%'); "-" is stdout. Missing
  // directories are created. Opened with the first line, and again when the name changes with the time.
  void set_file(std::string pattern) { pattern_ = std::move(pattern); }
  void set_verbose(bool verbose) { verbose_ = verbose; }
  const std::string& pattern() const { return pattern_; }
  bool verbose() const { return verbose_; }
  const std::string& program() const { return program_; }

  // A step of the work: into the log file; without one on stderr, in verbose only.
  template <typename... A>
  void note(fmt::format_string<A...> format, A&&... arguments) {
    line("LOG", fmt::format(format, std::forward<A>(arguments)...));
  }
  // A step that only verbose tells.
  template <typename... A>
  void detail(fmt::format_string<A...> format, A&&... arguments) {
    if (verbose_) line("LOG", fmt::format(format, std::forward<A>(arguments)...));
  }
  // Something is wrong and the work goes on.
  template <typename... A>
  void error(fmt::format_string<A...> format, A&&... arguments) {
    line("ERROR", fmt::format(format, std::forward<A>(arguments)...));
  }
  bool has_errors() const;  // was one told?
  // The work ends.
  void fatal(std::string_view message) { line("FATAL", message); }

  // Runs `step` and, in verbose, tells how long it took: "Timer [Compressing $PGDATA] took: 20.048s".
  template <typename F>
  decltype(auto) timed(std::string_view name, F&& step) {
    Timer timer{*this, name};
    return std::forward<F>(step)();
  }

 private:
  struct Timer {
    Log& log;
    std::string_view name;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    int unwinding = std::uncaught_exceptions();
    ~Timer();
  };
  void line(std::string_view level, std::string_view message);
  bool write_to_file(std::string_view level, std::string_view message);

  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();  // a log can be moved
  std::string program_;
  std::string pattern_;
  bool verbose_ = false;
  bool has_errors_ = false;
  bool complained_ = false;
  std::string path_;  // what pattern_ gave for the open file
  Fd file_;
};

}  // namespace pitr
