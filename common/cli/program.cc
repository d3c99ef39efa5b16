#include "common/cli/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "common/os/signals.h"

namespace pitr {
namespace {

// With one of 0, 1, 2 closed the next file opened would get its number, and a log line or a message of a
// child would land in somebody's WAL.
void open_standard_descriptors() {
  // stdout is opened for reading: output that was asked for and cannot be given is an error, not a success.
  constexpr int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
  for (int number = 0; number <= 2; ++number) {
    if (::fcntl(number, F_GETFD) != -1) continue;
    // open(2) gives the lowest free number, and all below are in use. No O_CLOEXEC: children need it too.
    if (::open("/dev/null", modes[number]) != number) {
      fail(Exit::failed, "open /dev/null for descriptor {}: {}", number, errno_text(errno));
    }
  }
}

// What stdio still holds is output too: a full disk behind stdout must not end in exit 0.
void write_stdout(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) == EOF || std::fflush(stdout) == EOF || std::ferror(stdout) != 0) {
    fail(Exit::failed, "write stdout: {}", errno_text(errno));
  }
}

std::string parameters(const Parsed& parsed) {
  std::string result;
  for (const auto& [name, value] : parsed.given) {
    result += fmt::format(" --{}{}{}", name, value.empty() ? "" : "=", value);
  }
  for (const std::string& operand : parsed.operands) result += " " + operand;
  return result;
}

}  // namespace

int run_program(const Manual& manual, std::span<const Option> options, Log& log, int argc, char** argv,
                const std::function<int(const std::vector<std::string>& operands)>& job,
                const std::function<int(const Error&)>& status, const std::function<void()>& prepare) {
  const auto answer = [&](const Error& error) {
    const bool usage = error.code() == Exit::usage;
    log.fatal(usage ? fmt::format("{} (try {} --help)", error.what(), manual.program) : error.what());
    return status ? status(error) : static_cast<int>(error.code());
  };
  // What is thrown inside these handlers ends in abort(), on purpose: a made-up exit status could tell
  // PostgreSQL that there is no more WAL, death by a signal cannot.
  try {
    open_standard_descriptors();
    catch_signals();
    const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
    const Parsed parsed = parse_options(manual, options, words.empty() ? words : words.subspan(1));
    if (!parsed.text.empty()) {
      write_stdout(parsed.text);
      return static_cast<int>(Exit::done);
    }
    if (prepare) prepare();
    log.detail("Called with parameters:{}", parameters(parsed));
    const int result = job(parsed.operands);
    write_stdout("");
    return result;
  } catch (const Error& error) {
    return answer(error);
  } catch (const std::exception& error) {
    // Interrupted is one of them.
    return answer(Error(Exit::failed, error.what()));
  }
}

int failed_or_usage(const Error& error) {
  return static_cast<int>(error.code() == Exit::usage ? Exit::usage : Exit::failed);
}

std::vector<Option> with_log_options(std::vector<Option> options, Log& log) {
  options.push_back({"log", "l", "FILE", "append log lines to FILE (^Y-^m-^d: the date; - is stdout)",
                     [&log](const std::string& value) { log.set_file(value); }});
  options.push_back({"verbose", "v", "", "log every step and how long it took",
                     [&log](const std::string&) { log.set_verbose(true); }});
  return options;
}

std::vector<std::string> log_words(const Log& log) {
  std::vector<std::string> words;
  const std::string& pattern = log.pattern();
  if (!pattern.empty() && pattern != "-")
    words.push_back("--log=" + std::filesystem::absolute(pattern).native());
  if (log.verbose()) words.emplace_back("--verbose");
  return words;
}

}  // namespace pitr
