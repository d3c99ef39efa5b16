#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/cli/log.h"
#include "common/cli/options.h"

namespace pitr {

// What main() of every program calls: catches signals, parses, runs the job, turns whatever happens into one
// log line and an exit status. Nothing else in the suite exits.
//
// `job` gets the operands after all options were assigned. `status` turns an Error into the exit status; by
// default its Exit code. Errors of the command line come with Exit::usage, before `job` ran. `prepare` runs
// after the options were assigned and before the first log line: the place to become another user, so that no
// log file is root's.
int run_program(const Manual& manual, std::span<const Option> options, Log& log, int argc, char** argv,
                const std::function<int(const std::vector<std::string>& operands)>& job,
                const std::function<int(const Error&)>& status = {},
                const std::function<void()>& prepare = {});

// The `status` of a program whose 3, 4 and 5 say that there is a backup, a copy, a removal: only `job`
// returns them, an Error never does.
int failed_or_usage(const Error& error);

// The options that every program has: --log, --verbose. Appended to the program's own rows.
std::vector<Option> with_log_options(std::vector<Option> options, Log& log);
// The words that make another run log as this one does, from whatever working directory.
std::vector<std::string> log_words(const Log& log);

}  // namespace pitr
