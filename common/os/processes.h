#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pitr {

// The processes of this host, as /proc shows them. Each may end while it is looked at: then nothing is known
// of it.

// Throws when /proc cannot be read.
std::vector<pid_t> all_processes();

// Empty: it has ended, or we may not look at it.
std::filesystem::path working_directory(pid_t process);

// What /proc/PID/NAME says, its first 4096 bytes; "" when it has ended or we may not look at it.
std::string process_text(pid_t process, const char* name);

// Is a PostgreSQL server process 1, as in a container that has no init? Then every process whose parent has
// ended is the server's child, and one that ends with a status other than 0 and 1 makes the server kill all
// sessions and recover: nothing may outlive us.
bool server_is_init();

struct ProcessStatus {
  pid_t parent;
  double age;  // in seconds
};
std::optional<ProcessStatus> process_status(pid_t process);

}  // namespace pitr
