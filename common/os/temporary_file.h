#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/os/fd.h"

namespace pitr {

// What becomes NAME is written under a temporary name beside it, of one of two kinds:
// - NAME.tmp.N: its writer runs on this host and holds a lock on it for as long as it lives. One whose lock
//   can be had belongs to a dead run, whatever its pid or age.
// - NAME.tmp.sshPID: its writer is a shell that another host started here (ssh_far_side.sh), and a shell has
//   no lock that would end with it. It is alive while this host has a process of that number, or while the
//   file is younger than a day: the shell may run on a third host or in a container that shares the
//   directory. The symbolic links NAME.tmp.slotN hold the pids of such shells.
struct TemporaryFile {
  std::string name;  // in its directory
  Fd file;
};

// A new file NAME.tmp.N, locked. Removes what dead writers of the same NAME left.
TemporaryFile create_temporary(const Fd& directory, const std::string& target, mode_t mode);

// A temporary name of either kind: not a stored file.
bool is_temporary_name(std::string_view name);
// What a writer of `path` that is alone writes into.
std::filesystem::path first_temporary_of(const std::filesystem::path& path);
// Removes what dead writers of `target` on this host left.
void remove_dead_temporaries_of(const Fd& directory, const std::string& target);

// These two list the directory: for programs that run once a day, never per segment.
// Removes the temporary files whose writers are dead.
void remove_dead_temporaries(const Fd& directory);
// Is a file being written in `directory` now?
bool has_living_temporaries(const std::filesystem::path& directory);

}  // namespace pitr
