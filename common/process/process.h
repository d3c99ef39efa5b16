#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pitr {

// Programs and work in processes of their own (see child.h), and what this process is to the system.

// Runs a program, found in PATH, with these words in `directory`; its stdout and stderr are ours. Returns its
// exit status, 128 + N when signal N killed it. A signal to us ends it.
int run(const std::vector<std::string>& words, const std::filesystem::path& directory);

// Runs a program and hands what it prints to `each`, line by line without line ends, until that returns
// false: then it is ended. `environment`: "NAME=value", added to ours. What it says on stderr is dropped.
// Returns its exit status, null when it was ended early.
std::optional<int> run_reading(const std::vector<std::string>& words,
                               const std::vector<std::string>& environment,
                               const std::function<bool(const std::string& line)>& each);

// Runs `work` in a process of its own and returns its result, 0 to 125; an Error that leaves it is thrown
// here. Null as soon as `give_up` says so: the process is killed and not waited for, because nobody can end a
// read from a dead NFS server.
std::optional<int> run_apart(const std::function<int()>& work, const std::function<bool()>& give_up);

// Run by root for a cluster of somebody else: become that user for good, so that nothing we create is root's.
// Does nothing for an ordinary user, and for a data directory that root owns.
void become_owner_of(const std::filesystem::path& data_directory);

// Run by root: become this user for good. Does nothing for an ordinary user who has that name; throws for any
// other.
void become_user(const std::string& name);

// Gives way to the server: nice 10, best-effort I/O class at its lowest level. Never the idle class: on a
// busy disk that would never end.
void be_nice();

}  // namespace pitr
