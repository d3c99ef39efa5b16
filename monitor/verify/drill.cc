#include "monitor/verify/drill.h"

#include <poll.h>
#include <signal.h>

#include <charconv>
#include <chrono>
#include <system_error>

#include "common/base/line_reader.h"
#include "common/cli/remote_options.h"
#include "common/os/file_source.h"
#include "common/os/temporary_directory.h"
#include "common/process/process.h"
#include "common/process/sibling_program.h"

namespace pitr {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr std::string_view scratch_name = "pitr-drill";

// A directory of our own, and in it a server that may run. Both are gone at the end of the object, also when
// a signal was caught: nothing here reads, writes or waits by way of common/, which throws then.
class Scratch {
 public:
  explicit Scratch(const fs::path& parent) : directory_(fs::absolute(parent), scratch_name) {}
  ~Scratch() { stop_server(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  fs::path data() const { return directory_.path() / "data"; }
  fs::path tablespaces() const { return directory_.path() / "tablespaces"; }
  // Short: a socket has 107 bytes for its path.
  fs::path socket() const { return directory_.path() / "s"; }
  fs::path log() const { return directory_.path() / "pitr-recover.log"; }

 private:
  // All processes of a server have its data directory as working directory, and nothing else has this one:
  // surer than postmaster.pid, which a server that is just starting has not written yet. An immediate
  // shutdown will do for a copy that is thrown away.
  void stop_server() const {
    constexpr int naps = 600, nap_milliseconds = 50;
    for (int i = 0; i < naps && signal_all(i < naps / 2 ? SIGQUIT : SIGKILL); ++i)
      ::poll(nullptr, 0, nap_milliseconds);
  }
  bool signal_all(int number) const {
    bool any = false;
    std::error_code error;
    for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename();
      pid_t process = 0;
      const auto [rest, bad] = std::from_chars(name.data(), name.data() + name.size(), process);
      if (bad != std::errc() || rest != name.data() + name.size()) continue;
      std::error_code gone;
      if (fs::read_symlink(entry->path() / "cwd", gone) != data() || gone) continue;
      any = true;
      ::kill(process, number);
    }
    return any;
  }

  const TemporaryDirectory directory_;
};

// The last word of pitr-recover about why it failed.
std::string reason_in(const fs::path& log) {
  std::string reason = "it says nothing";
  FileSource source = open_regular(log);
  LineReader lines(source);
  constexpr std::string_view fatal = " : FATAL : ";
  for (std::string line; lines.next(line);) {
    const std::size_t at = line.find(fatal);
    // A message may have more lines: the end of the server's log.
    if (at != line.npos) {
      reason = line.substr(at + fatal.size());
    } else if (line.find(" : pitr-recover : ") == line.npos) {
      reason += "; " + line;
    }
  }
  return reason;
}

class Drill {
 public:
  Drill(const DrillOptions& options, Findings& findings, Log& log)
      : options_(options), findings_(findings), log_(log), scratch_(options.scratch) {}

  DrillReport run(const DrilledBackup& backup) {
    const std::size_t before = findings_.count();
    findings_.attempt(backup.place, [&] {
      restore(backup.place, words(backup));
      if (findings_.count() > before) return;
      const auto start = Clock::now();
      check_drill_server(options_, scratch_.socket(), report_, findings_);
      report_.check_seconds = seconds_since(start);
    });
    report_.passed = findings_.count() == before;
    return report_;
  }

 private:
  std::vector<std::string> words(const DrilledBackup& backup) const {
    std::vector<std::string> words = {
        sibling_program("pitr-recover"), "--backup-dir=" + backup.place,
        "--data-dir=" + scratch_.data().native(), "--tablespace-root=" + scratch_.tablespaces().native(),
        "--socket-dir=" + scratch_.socket().native(), "--as=clone", "--isolated", "--start",
        // A lease of somebody who recovers in earnest must not end with the drill.
        "--lease=0", "--log=" + scratch_.log().native(), "--verbose"};
    for (const Place& archive : backup.archives) words.push_back("--wal-source=" + archive.place);
    if (backup.archives.empty()) words.emplace_back("--only-wal");
    if (!backup.name.empty()) words.push_back("--backup=" + backup.name);
    for (const std::string& word : remote_words(backup.remote)) words.push_back(word);
    if (!options_.bindir.empty()) words.push_back("--bindir=" + options_.bindir);
    words.insert(words.end(), options_.target.begin(), options_.target.end());
    return words;
  }

  void restore(const std::string& place, const std::vector<std::string>& words) {
    const auto start = Clock::now();
    const auto status = run_reading(words, {}, [&](const std::string& line) {
      note(line);
      return true;
    });
    report_.copy_seconds = seconds_since(start) - report_.replay_seconds;
    if (status == 0) return;
    const std::string reason = reason_in(scratch_.log());
    const auto kind =
        status == static_cast<int>(Exit::usage) ? Finding::Kind::unknown : Finding::Kind::damaged;
    findings_.add({.kind = kind, .file = place, .reason = "the drill failed: " + reason});
  }

  // What pitr-recover says at its end.
  void note(const std::string& line) {
    log_.detail("pitr-recover: {}", line);
    constexpr std::string_view from = " is restored from ", took = "it took ";
    if (const std::size_t at = line.find(from); at != line.npos) {
      report_.backup = line.substr(at + from.size(), line.size() - at - from.size() - 1);
    }
    if (const std::size_t at = line.find(took); at != line.npos) {
      std::from_chars(line.data() + at + took.size(), line.data() + line.size(), report_.replay_seconds);
    }
  }

  const DrillOptions& options_;
  Findings& findings_;
  Log& log_;
  const Scratch scratch_;
  DrillReport report_;
};

}  // namespace

void require_short_path(const DrillOptions& options) {
  constexpr std::size_t longest = 107 - std::string_view(".XXXXXX/s/.s.PGSQL.5432").size();
  const std::string path = fs::absolute(options.scratch) / scratch_name;
  if (path.size() <= longest) return;
  fail(Exit::usage, "{}: too long for the socket of the server in it (give a shorter --drill-dir)",
       options.scratch);
}

DrillReport drill(const DrillOptions& options, const DrilledBackup& backup, Findings& findings, Log& log) {
  return Drill(options, findings, log).run(backup);
}

}  // namespace pitr
