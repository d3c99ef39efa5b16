#include "basebackup/copying/session.h"

namespace pitr {
namespace {

constexpr int first_major_without_exclusive_backups = 15;

Lsn parse_answer(const std::string& text, std::string_view question) {
  const auto lsn = parse_lsn(text);
  if (!lsn) fail(Exit::failed, "{}: the answer {} is no LSN", question, text);
  return *lsn;
}

}  // namespace

BackupSession::BackupSession(Server& server, const std::string& label, bool fast_checkpoint)
    : server_(server) {
  const std::string fast = fast_checkpoint ? "true" : "false";
  const std::string sql = server.major() >= first_major_without_exclusive_backups
                              ? "SELECT pg_backup_start($1, $2::boolean)"
                              : "SELECT pg_start_backup($1, $2::boolean, false)";
  start_ = parse_answer(server.value(sql, {label, fast}), "pg_backup_start");
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
  const std::string sql = server_.major() >= first_major_without_exclusive_backups
                              ? "SELECT lsn, labelfile, spcmapfile FROM pg_backup_stop(false)"
                              : "SELECT lsn, labelfile, spcmapfile FROM pg_stop_backup(false, false)";
  const auto rows = server_.query(sql);
  if (rows.size() != 1 || !rows[0][0] || !rows[0][1]) fail(Exit::failed, "pg_backup_stop: no answer");
  return {parse_answer(*rows[0][0], "pg_backup_stop"), *rows[0][1], rows[0][2].value_or("")};
}

}  // namespace pitr
