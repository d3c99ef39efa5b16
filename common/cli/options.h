#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/store/place.h"

namespace pitr {

// One row per option: parser, config file, --help and man page read the same row.
struct Option {
  std::string_view name;      // without dashes; the key in a config file
  std::string_view alias;     // OmniPITR's other spellings, without dashes, separated by spaces; "" for none
  std::string_view argument;  // what the help calls the value, "FILE"; "" for a switch
  std::string_view help;      // starts with a verb, fits 60 columns
  std::function<void(const std::string& value)> assign;  // throws Error when the value cannot be
  bool repeatable = false;
};
// Every spelling, without dashes: the name first, then the aliases.
std::vector<std::string_view> spellings(const Option& option);
// `options` and behind them the rows that every program has: config-file, help, version, man.
std::vector<Option> with_common_options(std::span<const Option> options);

// What `assign` usually is. The target outlives the parsing.
std::function<void(const std::string&)> set_text(std::string& target);  // refuses an empty value
std::function<void(const std::string&)> set_flag(bool& target);
std::function<void(const std::string&)> set_number(int& target, int lowest, int highest);
std::function<void(const std::string&)> set_size(std::uint64_t& target);
// One of these words.
std::function<void(const std::string&)> set_choice(std::string& target, std::vector<std::string> choices);
std::function<void(const std::string&)> append_text(std::vector<std::string>& target);
// Accepted for OmniPITR's users, without a meaning today: `unused` receives the name for a word in verbose.
std::function<void(const std::string&)> no_meaning(std::vector<std::string>& unused, std::string_view name);
// Such a row for the path of a program.
Option unused_path(std::vector<std::string>& unused, std::string_view name, std::string_view alias);
// Appends those of the compressors.
std::vector<Option> with_compressor_paths(std::vector<Option> options, std::vector<std::string>& unused);

// Refuses the same place twice, whatever the codecs, and what is no place. `remote` (null: the defaults) is
// how the places are reached that lie on other hosts.
std::function<void(const std::string&)> append_place(std::vector<Place>& target,
                                                     const Remote* remote = nullptr);
std::function<void(const std::string&)> set_place(Place& target, const Remote* remote = nullptr);

// What a program tells of itself.
struct Manual {
  std::string_view program;      // "pitr-archive"
  std::string_view summary;      // one line, for the man page's NAME
  std::string_view operands;     // "%p"; "" when it takes none
  std::string_view description;  // paragraphs, separated by empty lines
  std::string_view exit_status;  // lines "0  done"
  std::string_view example;      // "" for none
};

// Collects first, assigns afterwards: default < config file < command line; repeatable options add up.
// Names are matched exactly, with one dash or two, "--name=value" or the next word; no abbreviations, no
// bundling, because an abbreviation that changes its meaning in a restore_command promotes a server.
// Every program takes --config-file, --help, --version and --man besides its own rows.
struct Parsed {
  std::vector<std::string> operands;
  std::string text;  // what --help, --version or --man wants printed; the program has nothing else to do then
  std::vector<std::pair<std::string, std::string>> given;  // every option in force, for the log
};
Parsed parse_options(const Manual& manual, std::span<const Option> options,
                     std::span<const char* const> words);

std::string help_text(const Manual& manual, std::span<const Option> options);
std::string man_page(const Manual& manual, std::span<const Option> options);  // roff

}  // namespace pitr
