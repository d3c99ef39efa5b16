#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace pitr {

// The live process that postmaster.pid names, unless its number was given to a process elsewhere since;
// whether that is a server is not asked. Null: no server runs there.
std::optional<pid_t> postmaster_of(const std::filesystem::path& data_directory);

// Removes from our environment, and so from that of all that we start, the variables of libpq and of the
// server (PGHOST, PGPORT, PGOPTIONS, …) but those that say who we are (PGUSER, PGPASSWORD, PGPASSFILE). For
// who starts a server: they would lead it, or us on the way to it, to another one.
void forget_other_servers();

}  // namespace pitr
