#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace pitr {

// What postmaster.pid tells of a server. Source of the layout: PostgreSQL, src/include/utils/pidfile.h.
struct Postmaster {
  pid_t process;
  // "" until the server has written it.
  std::string port, socket_directory, address, status;
};
// The live process that postmaster.pid names, unless its number was given to a process elsewhere since;
// whether that is a server is not asked. Null: no server runs there.
std::optional<Postmaster> read_postmaster(const std::filesystem::path& data_directory);
std::optional<pid_t> postmaster_of(const std::filesystem::path& data_directory);  // its process

// Removes from our environment, and so from that of all that we start, the variables of libpq and of the
// server (PGHOST, PGPORT, PGOPTIONS, …) but those that say who we are (PGUSER, PGPASSWORD, PGPASSFILE). For
// who starts a server: they would lead it, or us on the way to it, to another one.
void forget_other_servers();

}  // namespace pitr
