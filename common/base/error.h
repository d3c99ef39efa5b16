#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace pitr {

// How a run ends. The numbers are the exit statuses of the programs; pitr-monitor has those of Nagios, and
// pitr-restore its own (restore/wal/asker.h): PostgreSQL takes 1..125 of a restore_command as "end of WAL".
enum class Exit {
  done = 0,
  failed = 1,   // did not work, or could not look
  usage = 2,    // wrong option or configuration
  damaged = 3,  // done, but something is damaged
  late = 4,     // stored, but the WAL archive is behind
  partly = 5,   // done at some destinations only
};

// What went wrong; a signal is no Error (Interrupted). what() is one line: operation, object, reason; lower
// case, no period.
class Error : public std::runtime_error {
 public:
  Error(Exit code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Exit code() const { return code_; }

 private:
  Exit code_;
};

template <typename... A>
[[noreturn]] void fail(Exit code, fmt::format_string<A...> format, A&&... arguments) {
  throw Error(code, fmt::format(format, std::forward<A>(arguments)...));
}

// Runs `step`; an Error that leaves it says first what was being done: "archive 0000…07 to /backup/wal: …".
template <typename F>
decltype(auto) in_context(const std::string& context, F&& step) {
  try {
    return std::forward<F>(step)();
  } catch (const Error& error) {
    throw Error(error.code(), context + ": " + error.what());
  }
}

// The text of an errno value as messages use it: "no space left on device".
std::string errno_text(int code);

}  // namespace pitr
