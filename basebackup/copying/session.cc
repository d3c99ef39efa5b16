#include "basebackup/copying/session.h"

namespace pitr {
namespace {

constexpr int first_major_without_exclusive_backups = 15;

Lsn parse_answer(const std::string& text, std::string_view question) {
  const auto lsn = parse_lsn(text);
  if (!lsn) fail(Exit::failed, "{}: the answer {} is no LSN", question, text);
  return *lsn;
}

constexpr std::string_view now_of_server = "floor(extract(epoch FROM clock_timestamp()))::bigint";

}  // namespace

BackupSession::BackupSession(Server& server, const std::string& label, bool fast_checkpoint)
    : server_(server),
      label_(label),
      start_time_(std::stoll(server.value(fmt::format("SELECT {}", now_of_server)))) {
  const std::string fast = fast_checkpoint ? "true" : "false";
  const std::string sql = server.major() >= first_major_without_exclusive_backups
                              ? "SELECT pg_backup_start($1, $2::boolean)"
                              : "SELECT pg_start_backup($1, $2::boolean, false)";
  start_ = parse_answer(server.value(sql, {label, fast}), "pg_backup_start");
}

void BackupSession::switch_wal() {
  if (server_.value("SELECT has_function_privilege('pg_switch_wal()', 'execute')") == "t")
    server_.query("SELECT pg_switch_wal()");
}

void BackupSession::keep_alive() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_sign_ < std::chrono::seconds(30)) return;
  server_.probe();
  last_sign_ = now;
}

StopResult BackupSession::stop() {
  server_.probe();
  // The server need not wait for the archive: which WAL is missing, and until when to wait, is checked here.
  // All in one question: this session may be lost from here on, and hours of copying are not thrown away for
  // it.
  const auto rows = server_.query(fmt::format("SELECT lsn, labelfile, spcmapfile, {} FROM {}", now_of_server,
                                              server_.major() >= first_major_without_exclusive_backups
                                                  ? "pg_backup_stop(false)"
                                                  : "pg_stop_backup(false, false)"));
  if (rows.size() != 1 || !rows[0][0] || !rows[0][1] || !rows[0][3])
    fail(Exit::failed, "pg_backup_stop: no answer");
  return {parse_answer(*rows[0][0], "pg_backup_stop"), std::stoll(*rows[0][3]), *rows[0][1],
          rows[0][2].value_or("")};
}

}  // namespace pitr
