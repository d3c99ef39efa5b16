#include "monitor/check/settings.h"

#include <charconv>
#include <filesystem>

namespace pitr {
namespace {

// A setting that is right unless it has one value.
struct Row {
  std::string_view name, wrong;
  Grade grade;
  std::string_view reason, advice;
};
constexpr Row rows[] = {
    {"wal_level", "minimal", Grade::failed, "the WAL does not hold what a recovery needs",
     "set wal_level = replica and restart the server"},
    {"fsync", "off", Grade::failed, "a power cut destroys the cluster", "set fsync = on and reload"},
    {"full_page_writes", "off", Grade::warning,
     "a crash can leave torn pages, and no standby can be backed up",
     "set full_page_writes = on and reload, unless the file system never tears a page"},
    {"data_checksums", "off", Grade::warning, "damaged pages go into every backup unseen",
     "stop the server and run pg_checksums --enable"},
};

void check_simple(Server& server, const Row& row, SetupReport& report) {
  const std::string subject(row.name);
  const std::string value = server.setting(subject);
  if (value != row.wrong) return report.ok(subject, value);
  report.add({row.grade, subject, fmt::format("{}: {}", value, row.reason), std::string(row.advice)});
}

void check_archive_mode(const std::string& mode, bool is_standby, SetupReport& report) {
  if (mode == "off") {
    report.failed("archive_mode", "off: no WAL is archived", "set archive_mode = on and restart the server");
  } else if (mode == "on" && is_standby) {
    report.ok("archive_mode", "on: this standby archives from its promotion on");
  } else {
    report.ok("archive_mode", mode);
  }
}

void check_archive_timeout(Server& server, SetupReport& report) {
  // In seconds, whatever the unit in the configuration file.
  const std::string text = server.value("SELECT setting FROM pg_settings WHERE name = 'archive_timeout'");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr int wasteful = 30;
  if (seconds == 0) {
    report.warning("archive_timeout",
                   "0: a segment that fills slowly is archived hours later, and lost until then",
                   "set archive_timeout = '5min' and reload");
  } else if (seconds < wasteful) {
    report.warning("archive_timeout",
                   fmt::format("{} s: a whole segment is stored every {} s", seconds, seconds),
                   "set archive_timeout = '1min' or more and reload");
  } else {
    report.ok("archive_timeout", fmt::format("{} s", seconds));
  }
}

// With archive_mode off the server shows nothing of the command; its configuration file does.
std::string archive_command_text(Server& server, bool is_on) {
  if (is_on) return server.setting("archive_command");
  try {
    const auto found = server.query(
        "SELECT setting FROM pg_file_settings WHERE name = 'archive_command' ORDER BY seqno DESC LIMIT 1");
    return found.empty() ? "" : found.front().at(0).value_or("");
  } catch (const Error&) {
    return "";  // a view for superusers; that archiving is off is said anyway
  }
}

void check_library(Server& server, const std::string& library, const std::string& command,
                   SetupReport& report) {
  constexpr int refuses_both = 16;
  if (command.empty()) {
    report.ok("archive_library", library);
  } else if (server.major() >= refuses_both) {
    report.failed("archive_library", library + ": archive_command is set, too, and nothing is archived",
                  "empty one of the two and reload");
  } else {
    report.warning("archive_library", library + ": archive_command is set, too, and is not used",
                   "empty one of the two and reload");
  }
}

// What is told of a command that is not ours.
void judge_other(const ArchiveCommand& command, const std::string& text, SetupReport& report) {
  for (const std::string& word : command.words) {
    const std::string program = std::filesystem::path(word).filename();
    if (program != "cp" && program != "mv" && program != "scp") continue;
    return report.warning("archive_command",
                          fmt::format("{}: {} says yes before the file is durable", text, program),
                          "use pitr-archive");
  }
  if (!command.problem.empty()) {
    return report.warning("archive_command", fmt::format("{}: is not understood: {}", text, command.problem),
                          "name the directories with --dst-local");
  }
  report.ok("archive_command", text + ": is not pitr-archive, and judged by what arrives");
}

void check_command(const ArchiveCommand& command, const std::string& text, SetupReport& report) {
  const std::string advice =
      "set archive_command = 'pitr-archive ... \"%p\"', see pitr-archive --help, and reload";
  switch (command.kind) {
    case ArchiveCommand::Kind::none:
      return report.failed("archive_command", "is empty: WAL piles up in pg_wal until its disk is full",
                           advice);
    case ArchiveCommand::Kind::discards:
      return report.failed("archive_command",
                           text + ": throws all WAL away, and every backup becomes useless", advice);
    case ArchiveCommand::Kind::refuses:
      return report.failed("archive_command",
                           text + ": nothing is archived, WAL piles up in pg_wal until its disk is full",
                           advice);
    case ArchiveCommand::Kind::pitr_archive:
      if (command.leaves_commands_out) {
        report.warning(
            "archive_command",
            text + ": its other commands do not run for the files that pitr-archive archives ahead",
            "give pitr-archive --batch-size 0");
      }
      if (command.problem.empty()) return report.ok("archive_command", text);
      return report.warning(
          "archive_command", fmt::format("{}: is not understood: {}", text, command.problem),
          "its own exit status must be the command's; name the directories with --dst-local");
    case ArchiveCommand::Kind::other:
      return judge_other(command, text, report);
  }
}

// Null: pitr-archive does not understand them, and the problem says why.
std::unique_ptr<ArchiveOptions> options_of(ArchiveCommand& command,
                                           const std::filesystem::path& data_directory) {
  try {
    return ask_pitr_archive(command, data_directory);
  } catch (const Error& error) {
    command.problem = error.what();
    return nullptr;
  }
}

// A file that was edited without a reload or restart: the next start behaves otherwise.
void check_pending(Server& server, SetupReport& report) {
  const auto pending = server.query(
      "SELECT name FROM pg_settings WHERE pending_restart AND (name LIKE 'archive%' OR name LIKE 'wal%')");
  for (const Server::Row& row : pending) {
    report.warning(row.at(0).value_or(""), "was changed in the configuration file and is not in force",
                   "restart the server");
  }
}

}  // namespace

ArchivingSettings check_settings(Server& server, const std::filesystem::path& data_directory,
                                 SetupReport& report) {
  ArchivingSettings settings;
  settings.is_standby = server.value("SELECT pg_is_in_recovery()") == "t";
  for (const Row& row : rows) check_simple(server, row, report);
  const std::string mode = server.setting("archive_mode");
  settings.is_on = mode != "off";
  check_archive_mode(mode, settings.is_standby, report);
  check_archive_timeout(server, report);
  settings.library = server.setting("archive_library");
  const std::string command = archive_command_text(server, settings.is_on);
  settings.command = read_archive_command(command);
  if (!settings.command.options.empty()) settings.options = options_of(settings.command, data_directory);
  if (!settings.library.empty()) {
    check_library(server, settings.library, command, report);
  } else if (settings.is_on || !command.empty()) {
    check_command(settings.command, command, report);
  }
  check_pending(server, report);
  return settings;
}

}  // namespace pitr
