#include "archive/caller.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <string>

#include "common/os/fd.h"
#include "common/os/file.h"
#include "common/os/file_source.h"
#include "common/os/processes.h"

namespace pitr {
namespace {

// "" when it is not there.
std::string text_of(const std::filesystem::path& path) {
  std::string text;
  if (Fd file = open_if_there(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)) {
    FileSource source(std::move(file));
    StringSink sink(text);
    copy(source, sink);
  }
  return text;
}

// 0 when there is none at the beginning of the text: no process has it.
pid_t pid_in(std::string_view text) {
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

pid_t parent_of(pid_t pid) {
  const auto status = process_status(pid);
  return status ? status->parent : 0;
}

}  // namespace

bool is_called_by_server(const std::filesystem::path& data_directory) {
  const pid_t server = pid_in(text_of(data_directory / "postmaster.pid"));
  if (server <= 0) return false;
  pid_t pid = ::getppid();
  while (pid > 0 && pid != server) pid = parent_of(pid);
  return pid == server;
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
