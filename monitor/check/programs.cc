#include "monitor/check/programs.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "common/process/sibling_program.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;

bool can_run(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code) && ::access(path.c_str(), X_OK) == 0;
}

// As execvp finds it; null: nowhere.
std::optional<fs::path> find_program(const std::string& name) {
  if (name.find('/') != name.npos) return can_run(name) ? std::optional<fs::path>(name) : std::nullopt;
  const char* variable = std::getenv("PATH");
  for (std::string_view rest = variable == nullptr ? "/usr/bin:/bin" : variable; !rest.empty();) {
    const std::string_view directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(directory.size() + 1, rest.size()));
    const fs::path path = fs::path(directory.empty() ? "." : directory) / name;
    if (can_run(path)) return path;
  }
  return std::nullopt;
}

// "host:/directory", as ssh and rsync write it.
bool is_remote(const std::string& word) {
  const std::size_t colon = word.find(':');
  return colon != word.npos && colon > 0 && colon < word.find('/') && !word.starts_with('-');
}

void check_program(const std::string& name, SetupReport& report) {
  if (const auto path = find_program(name)) return report.ok("programs", path->native());
  const std::string text = name + ": is not there, or not in this PATH";
  // A path is the same for everybody; the server's PATH need not be ours.
  if (name.find('/') != name.npos) {
    report.failed("programs", text, "install it, or correct archive_command");
  } else {
    report.warning("programs", text, "install it; in archive_command give its whole path");
  }
}

bool is_remote_program(const std::string& word) {
  const std::string name = fs::path(word).filename();
  return name == "ssh" || name == "rsync" || name == "scp";
}

}  // namespace

void check_programs(const ArchiveCommand& command, SetupReport& report) {
  using Kind = ArchiveCommand::Kind;
  if (command.kind == Kind::pitr_archive || command.kind == Kind::other) {
    if (!command.program.empty()) check_program(command.program, report);
    const bool goes_far = std::ranges::any_of(command.words, is_remote);
    for (const std::string& word : command.words) {
      if (is_remote_program(word) && word != command.program) check_program(word, report);
    }
    // rsync and scp start it to get to another host.
    if (goes_far && std::ranges::find(command.words, "ssh") == command.words.end())
      check_program("ssh", report);
  }
  report.attempt("programs", "install the whole suite in one directory",
                 [&] { report.ok("programs", sibling_program("pitr-restore").native()); });
}

}  // namespace pitr
