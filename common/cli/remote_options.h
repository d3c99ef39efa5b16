#pragma once

#include "common/cli/options.h"

namespace pitr {

// `options` and behind them the rows of a program that reaches other hosts.
std::vector<Option> with_remote_options(std::vector<Option> options, Remote& remote);

// The words that give another program of ours what is not the default in `remote`, from whatever working
// directory.
std::vector<std::string> remote_words(const Remote& remote);

// A place whose files tell their codecs by their names: "DIR", "[USER@]HOST:/DIR", "rsync://HOST/MODULE/DIR".
std::function<void(const std::string&)> set_place_without_codec(Place& target, const Remote& remote);

// A program that takes files, "[CODEC=]PROGRAM": found in PATH, or an absolute path.
std::function<void(const std::string&)> append_program(std::vector<Place>& target, const Remote& remote);

// $TMPDIR or /tmp.
std::string default_temporary_directory();

}  // namespace pitr
