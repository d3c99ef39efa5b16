#include "monitor/check/archive_options.h"

#include <chrono>

#include "common/cli/remote_options.h"
#include "common/process/piped_process.h"
#include "common/process/sibling_program.h"

namespace pitr {
namespace {

constexpr Manual shown_manual{.program = "pitr-archive --show-destinations",
                              .summary = "",
                              .operands = "",
                              .description = "",
                              .exit_status = "",
                              .example = ""};

std::vector<Option> shown_options(ArchiveOptions& options) {
  std::vector<Option> table = {
      {"data-dir", "", "DIR", "", set_text(options.data_directory)},
      {"state-dir", "", "DIR", "", set_text(options.state_directory)},
      {"spool-dir", "", "DIR", "", set_text(options.spool_directory)},
      {"require", "", "WHAT", "", append_text(options.required), true},
      {"dst-local", "", "PLACE", "", append_place(options.destinations), true},
      {"dst-remote", "", "PLACE", "", append_place(options.destinations, &options.remote), true},
      {"dst-pipe", "", "PROGRAM", "", append_program(options.destinations, options.remote), true},
  };
  return with_remote_options(std::move(table), options.remote);
}

// The lines that it prints.
std::vector<std::string> lines_of(PipedProcess& process) {
  std::string text;
  std::array<std::byte, 4096> buffer;
  while (const std::size_t n = process.read(buffer))
    text.append(reinterpret_cast<const char*>(buffer.data()), n);
  std::vector<std::string> lines;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

// "pitr-archive: FATAL : unknown option --x (try pitr-archive --help)": what it complains of.
std::string without_head(std::string words) {
  constexpr std::string_view head = "FATAL : ";
  const std::size_t at = words.find(head);
  return at == words.npos ? words : words.substr(at + head.size());
}

}  // namespace

std::unique_ptr<ArchiveOptions> ask_pitr_archive(const ArchiveCommand& command,
                                                 const std::filesystem::path& data_directory) {
  // The one beside us, whatever the server's PATH is. Relative paths are relative to the data directory.
  std::vector<std::string> words = {"env", "-C", data_directory.native(), sibling_program("pitr-archive")};
  words.insert(words.end(), command.options.begin(), command.options.end());
  words.emplace_back("--show-destinations");
  constexpr auto patience = std::chrono::seconds(30);
  PipedProcess process(words, {}, "pitr-archive --show-destinations", patience);
  process.close_input();
  const std::vector<std::string> lines = lines_of(process);
  if (process.wait() != 0) fail(Exit::failed, "{}", without_head(process.last_words()));
  auto options = std::make_unique<ArchiveOptions>();
  std::vector<const char*> pointers;
  for (const std::string& line : lines) pointers.push_back(line.c_str());
  (void)parse_options(shown_manual, shown_options(*options), pointers);
  return options;
}

}  // namespace pitr
