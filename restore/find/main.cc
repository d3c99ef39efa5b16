#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "common/base/shell_word.h"
#include "common/cli/program.h"
#include "common/cli/remote_options.h"
#include "restore/find/report.h"

using namespace pitr;

namespace {

constexpr Manual manual{
    .program = "pitr-find",
    .summary = "name the moment before a table was dropped, from archived WAL",
    .operands = "",
    .description =
        "Reads archived WAL and says of each transaction what it dropped, truncated, deleted or updated in "
        "great "
        "numbers, when it committed, and with which pitr-recover line one comes back to right before it.\n\n"
        "Names come from the newest backup before --since and the WAL behind it. Neither a server nor "
        "PostgreSQL's programs are needed. Nothing is written.",
    .exit_status =
        "0  done, whether something was found or not\n"
        "1  failed, or could not look\n"
        "2  wrong option or configuration\n"
        "3  the WAL is damaged: what was found before that is shown",
    .example =
        "pitr-find -a /backup/wal -b /backup/base --since '2026-11-22 12:00' --until '2026-11-22 15:00'",
};

struct Options {
  FindOptions find;
  Shown shown;
  Remote remote;
  std::string format = "text", data_directory;
  int rows = 1000;
};

std::function<void(const std::string&)> set_moment(std::optional<Moment>& target) {
  return [&target](const std::string& value) {
    target = parse_moment(value);
    if (!target) fail(Exit::usage, "{}: not a time like '2026-11-22 14:03:00+01'", value);
  };
}

void set_what(Shown& shown, const std::string& value) {
  shown.what.clear();
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t end = std::min(value.find(',', at), value.size());
    std::string word;
    set_choice(word, {"drop", "truncate", "delete", "update", "database", "all"})(value.substr(at, end - at));
    shown.what.insert(word);
    at = end + 1;
  }
}

std::vector<Option> option_table(Options& options) {
  FindOptions& find = options.find;
  return {
      {"archive", "a", "[CODEC=]PLACE", "read the WAL archive DIR or HOST:DIR; may be given often",
       append_place(find.archives, &options.remote), true},
      {"backup-dir", "b", "[HOST:]DIR", "take names from the backups in DIR",
       set_place_without_codec(find.backups, options.remote)},
      {"since", "", "TIME", "show what committed at TIME or later", set_moment(find.since)},
      {"until", "", "TIME", "show what committed at TIME or earlier", set_moment(find.until)},
      {"table", "", "NAME", "show what was done to NAME, as orders or shop.orders",
       set_text(options.shown.table)},
      {"database", "", "NAME", "show what was done in, or to, the database NAME",
       set_text(options.shown.database)},
      {"what", "", "WORDS", "drop,truncate,delete,update,database or all (but all)",
       [&](const std::string& value) { set_what(options.shown, value); }},
      {"rows", "", "N", "count N rows or more as many (default: 1000)",
       set_number(options.rows, 1, 2000000000)},
      {"data-dir", "D", "DIR", "write the pitr-recover lines so that they restore there",
       set_text(options.data_directory)},
      {"format", "", "text|json", "print the report so (default: text)",
       set_choice(options.format, {"text", "json"})},
  };
}

// A line that is run elsewhere names local places by their whole path.
std::string everywhere(Place place) {
  if (kind(place) == PlaceKind::directory)
    place.place = std::filesystem::absolute(place.place).lexically_normal();
  return place_word(place);
}

// It promotes: while recovery pauses before the commit, the transaction that is taken back still locks its
// tables, and whoever reads them waits for ever.
std::string recover_line(const Options& options, const Found& found) {
  std::string name = to_string(found.stop);
  std::ranges::replace(name, '/', '-');
  const std::string directory = options.data_directory.empty() ? "before-" + name : options.data_directory;
  std::string line = "pitr-recover -b " + word_for_shell(everywhere(options.find.backups));
  for (const Place& archive : options.find.archives) line += " -s " + word_for_shell(everywhere(archive));
  for (const std::string& word : remote_words(options.remote)) line += " " + word_for_shell(word);
  return line + " -D " + word_for_shell(std::filesystem::absolute(directory).lexically_normal()) +
         " --target-lsn " + to_string(found.stop) + " --target-exclusive --target-action promote";
}

int run(Options& options, const std::vector<std::string>& operands, Log& log) {
  if (!operands.empty()) fail(Exit::usage, "{}: no operand is wanted", operands.front());
  if (options.find.archives.empty()) fail(Exit::usage, "no WAL archive: give --archive");
  options.find.many_rows = static_cast<std::uint64_t>(options.rows);
  SearchResult result = find(options.find, log);
  for (Found& found : result.found)
    std::erase_if(found.events, [&](const Event& event) { return !options.shown.has(event); });
  std::erase_if(result.found, [](const Found& found) { return found.events.empty(); });
  const auto line = [&](const Found& found) { return recover_line(options, found); };
  const std::string report = options.format == "json" ? json_report(result, line) : text_report(result, line);
  std::fputs(report.c_str(), stdout);
  return static_cast<int>(result.damage.empty() ? Exit::done : Exit::damaged);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.remote.temporary_directory = default_temporary_directory();
  Log log(manual.program);
  const auto table = with_remote_options(option_table(options), options.remote);
  return run_program(manual, with_log_options(table, log), log, argc, argv,
                     [&](const std::vector<std::string>& operands) { return run(options, operands, log); });
}
