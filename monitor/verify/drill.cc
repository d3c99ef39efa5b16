#include "monitor/verify/drill.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>

#include "common/base/line_reader.h"
#include "common/cli/remote_options.h"
#include "common/os/file_source.h"
#include "common/postgres/postmaster.h"
#include "common/process/process.h"
#include "common/process/sibling_program.h"
#include "monitor/verify/drill_scratch.h"
#include "monitor/verify/drill_server.h"

namespace pitr {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The last word of pitr-recover about why it failed.
std::string reason_in(const std::filesystem::path& log) {
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
  Drill(const DrillOptions& options, const DrillScratch& scratch, Findings& findings, Log& log)
      : options_(options), scratch_(scratch), findings_(findings), log_(log) {}

  DrillReport run(const DrilledBackup& backup) {
    const std::size_t before = findings_.count();
    report_.target = target();
    findings_.attempt(backup.place, [&] {
      restore(backup.place, words(backup));
      if (findings_.count() > before) return;
      const auto start = Clock::now();
      check_drill_server(options_, scratch_.socket(), report_, findings_);
      report_.check_seconds = seconds_since(start);
    });
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

  // "time=2026-11-22 14:03:00", "immediate"
  std::string target() const {
    constexpr std::string_view prefix = "--target-";
    std::string text;
    for (const std::string& word : options_.target)
      text += (text.empty() ? "" : ", ") + word.substr(prefix.size());
    return text.empty() ? "all WAL" : text;
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
    // Anything else tells of the scratch directory, of programs, of a place that is not there: not of the
    // backup.
    const auto kind =
        status == static_cast<int>(Exit::damaged) ? Finding::Kind::damaged : Finding::Kind::unknown;
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
  const DrillScratch& scratch_;
  Findings& findings_;
  Log& log_;
  DrillReport report_;
};

}  // namespace

DrillReport drill(const DrillOptions& options, const DrilledBackup& backup, Findings& findings, Log& log) {
  forget_other_servers();
  const std::size_t before = findings.count();
  DrillReport report{};
  report.backup = backup.name;
  findings.attempt(options.scratch, [&] {
    DrillScratch scratch(options.scratch, findings);
    report = Drill(options, scratch, findings, log).run(backup);
    scratch.remove(findings);
  });
  report.passed = findings.count() == before;
  return report;
}

}  // namespace pitr
