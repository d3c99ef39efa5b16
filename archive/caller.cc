#include "archive/caller.h"

#include <unistd.h>

#include <string>

#include "common/os/file.h"
#include "common/os/processes.h"
#include "common/postgres/postmaster.h"

namespace pitr {
namespace {

pid_t parent_of(pid_t pid) {
  const auto status = process_status(pid);
  return status ? status->parent : 0;
}

}  // namespace

bool is_called_by_server(const std::filesystem::path& data_directory) {
  const auto server = postmaster_of(data_directory);
  if (!server) return false;
  pid_t pid = ::getppid();
  while (pid > 0 && pid != *server) pid = parent_of(pid);
  return pid == *server;
}

void require_no_other_server(const std::filesystem::path& data_directory) {
  if (!is_there("PG_VERSION") || !is_there("global/pg_control")) return;
  std::error_code code;
  if (std::filesystem::equivalent(".", data_directory, code) && !code) return;
  fail(Exit::usage, "called in the data directory {} for {} (leave --data-dir out of archive_command)",
       std::filesystem::current_path().native(), data_directory.native());
}

void require_finished(const std::filesystem::path& path, const std::filesystem::path& data_directory) {
  const auto status = data_directory / "pg_wal" / "archive_status";
  std::error_code code;
  if (!std::filesystem::equivalent(path.parent_path(), data_directory / "pg_wal", code) || code) return;
  const auto is_marked = [&](std::string_view mark) {
    return is_there(status / (path.filename().native() + std::string(mark)));
  };
  if (!is_there(status) || is_marked(".ready") || is_marked(".done")) return;
  fail(Exit::failed,
       "archive {}: the server has not finished it: {} has neither a mark .ready nor .done for it",
       path.native(), status.native());
}

}  // namespace pitr
