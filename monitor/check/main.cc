#include <cstdio>
#include <cstdlib>

#include "common/cli/program.h"
#include "common/process/process.h"
#include "monitor/check/setup.h"

#include <unistd.h>

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-check",
    .summary = "tell whether a server is set up so that it can be recovered",
    .operands = "",
    .description =
        "Looks at the settings of a running server, its data directory, the destinations of its "
        "archive_command, "
        "their marker, space and permissions. Then it creates a restore point named pitr-check, switches the "
        "WAL, waits "
        "until that segment has arrived at every destination, fetches it back through pitr-restore and "
        "compares it "
        "with pg_wal. Every line says ok, warning or failed, and what to do.\n\n"
        "Run it on the server's host as the server's user, or as root with --data-dir: it becomes the owner "
        "then. "
        "A standby cannot switch its WAL: everything else is checked.",
    .exit_status =
        "0  all is ok, or there are only warnings\n"
        "1  something failed, or could not be looked at\n"
        "2  wrong option or configuration",
    .example = "pitr-check -D /data/pg -h localhost -U postgres",
};

struct Options {
  CheckOptions check;
  std::string format = "text";
};

std::vector<Option> option_table(Options& options) {
  CheckOptions& check = options.check;
  return {
      {"data-dir", "D", "DIR", "find the cluster in DIR (default: the server is asked)",
       set_text(check.data_directory)},
      {"dst-local", "dl", "[CODEC=]DIR", "look at DIR (default: archive_command is read)",
       append_place(check.destinations), true},
      {"host", "h", "HOST", "connect to HOST, or to the socket in directory HOST",
       set_text(check.server.host)},
      {"port", "p P", "PORT", "connect to PORT", set_text(check.server.port)},
      {"username", "U", "NAME", "connect as NAME", set_text(check.server.username)},
      {"database", "d", "NAME", "connect to the database NAME (default: postgres)",
       set_text(check.server.database)},
      {"timeout", "", "SECONDS", "wait so long for the segment (default: 60)",
       set_number(check.timeout, 1, 86400)},
      {"temp-dir", "t", "DIR", "fetch the segment into DIR (default: $TMPDIR or /tmp)",
       set_text(check.temporary_directory)},
      {"format", "", "text|json", "print the lines so (default: text)",
       set_choice(options.format, {"text", "json"})},
  };
}

int run(const Options& options) {
  const bool as_text = options.format == "text";
  SetupReport report([&](const SetupLine& line) {
    if (!as_text) return;
    fmt::print("{}\n", text(line));
    std::fflush(stdout);
  });
  check_setup(options.check, report);
  const std::size_t failures = report.count(Grade::failed);
  if (as_text) {
    fmt::print("ok: {}, warnings: {}, failed: {}\n", report.count(Grade::ok), report.count(Grade::warning),
               failures);
  } else {
    fmt::print("{}", report.json());
  }
  return static_cast<int>(failures > 0 ? Exit::failed : Exit::done);
}

// Only the server's own user shows what the server may do.
void become_server(const std::string& data_directory) {
  if (::geteuid() != 0) return;
  if (data_directory.empty()) fail(Exit::usage, "as root give --data-dir: this runs as its owner");
  become_owner_of(data_directory);
}

}  // namespace

int main(int argc, char** argv) {
  const char* temporary = std::getenv("TMPDIR");
  Options options;
  options.check.temporary_directory = temporary == nullptr ? "/tmp" : temporary;
  options.check.server.database = "postgres";
  Log log(manual.program);
  return run_program(
      manual, with_log_options(option_table(options), log), log, argc, argv,
      [&](const std::vector<std::string>&) { return run(options); }, {},
      [&] { become_server(options.check.data_directory); });
}
