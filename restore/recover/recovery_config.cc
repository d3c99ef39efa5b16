#include "restore/recover/recovery_config.h"

#include <fcntl.h>

#include <algorithm>

#include "common/cli/remote_options.h"
#include "common/os/text_file.h"
#include "common/postgres/server_settings.h"
#include "common/wal/restore_command.h"

namespace pitr {
namespace {

std::string target_setting(RecoveryTarget::Kind kind) {
  switch (kind) {
    case RecoveryTarget::Kind::latest:
      return {};
    case RecoveryTarget::Kind::immediate:
      return "recovery_target";
    case RecoveryTarget::Kind::time:
      return "recovery_target_time";
    case RecoveryTarget::Kind::lsn:
      return "recovery_target_lsn";
    case RecoveryTarget::Kind::xid:
      return "recovery_target_xid";
    case RecoveryTarget::Kind::name:
      return "recovery_target_name";
  }
  return {};
}

std::string target_value(const RecoveryTarget& target) {
  if (target.kind == RecoveryTarget::Kind::immediate) return "immediate";
  // The server's time zone need not be ours.
  return target.kind == RecoveryTarget::Kind::time ? moment_text(target.time) : target.text;
}

void add_target(ServerSettings& settings, const RecoveryTarget& target) {
  // All are cleared first: clearing one after the wanted one is set would clear that, too.
  settings.clear_targets();
  const std::string setting = target_setting(target.kind);
  if (!setting.empty()) settings.set(setting, target_value(target));
  settings.set("recovery_target_inclusive", target.exclusive ? "off" : "on");
  settings.set("recovery_target_action", target.action.empty() ? "pause" : target.action);
  settings.set("recovery_target_timeline", target.timeline);
}

// A server that nobody else can reach, that reaches nobody, and that is ready when it has recovered.
void add_isolation(ServerSettings& settings, const RecoveryConfig& config, const ControlFile& control) {
  settings.set("listen_addresses", "");
  settings.set("unix_socket_directories", config.isolated_socket);
  settings.set("unix_socket_permissions", "0700");
  settings.set("archive_mode", "off");
  settings.set("hot_standby", "off");
  settings.set("recovery_target_action", "promote");
  settings.set("shared_preload_libraries", "");
  // Subscriptions of the copy would take production's slots.
  settings.set("max_logical_replication_workers", "0");
  settings.set("ssl", "off");
  settings.stream_from("", "");
  settings.set("jit", "off");
  // In its own directory: a container may have no /dev/shm that the server may use.
  settings.set("dynamic_shared_memory_type", "mmap");
  settings.set("max_connections", std::to_string(control.max_connections));
  settings.set("max_worker_processes", std::to_string(control.max_worker_processes));
  settings.set("max_wal_senders", std::to_string(control.max_wal_senders));
  settings.set("max_prepared_transactions", std::to_string(control.max_prepared_transactions));
  settings.set("max_locks_per_transaction", std::to_string(control.max_locks_per_transaction));
}

ServerSettings settings_of(const RecoveryConfig& config, const ControlFile& control) {
  ServerSettings settings;
  settings.set("restore_command", restore_command(config));
  for (const char* name : {"archive_cleanup_command", "recovery_end_command"}) settings.set(name, "");
  add_target(settings, config.target);
  if (!config.isolated_socket.empty()) {
    add_isolation(settings, config, control);
  } else if (config.purpose == Purpose::clone) {
    settings.leave_original_alone();
  }
  if (config.standby) settings.stream_from(config.primary_conninfo, config.slot);
  return settings;
}

void write_text(const std::filesystem::path& path, mode_t mode, std::string_view text) {
  AtomicFile file(path, AtomicFile::Existing::replace, mode);
  file.write(as_bytes(text));
  file.finish();
}

}  // namespace

std::string restore_command(const RecoveryConfig& config) {
  // Says of every file that there is none: what lies in pg_wal is all there is.
  if (config.sources.empty()) return "false";
  const bool is_here = std::ranges::all_of(
      config.sources, [](const Place& source) { return kind(source) == PlaceKind::directory; });
  std::vector<std::string> options;
  if (!is_here) options = remote_words(config.remote);
  if (!config.prefetch_directory.empty())
    options.insert(options.end(), {"--prefetch-dir", config.prefetch_directory});
  if (config.until) options.insert(options.end(), {"--until", config.until->text()});
  return restore_command(config.restore_program, config.sources, options);
}

std::string with_recovery_block(const std::string& old, const RecoveryConfig& config,
                                const ControlFile& control) {
  return with_settings(old, "pitr-recover", settings_of(config, control));
}

void write_recovery_config(const std::filesystem::path& directory, Openness openness,
                           const RecoveryConfig& config, const ControlFile& control) {
  const bool isolated = !config.isolated_socket.empty();
  const std::filesystem::path auto_conf = directory / "postgresql.auto.conf";
  // What ALTER SYSTEM set in production may be anything; a drill wants none of it.
  const std::string old = isolated ? "" : read_text_if_there(auto_conf, O_NOFOLLOW);
  write_text(auto_conf, openness.file, with_recovery_block(old, config, control));
  if (isolated) {
    write_text(directory / "postgresql.conf", openness.file,
               "# of pitr-recover --isolated; see postgresql.auto.conf\n");
    write_text(directory / "pg_hba.conf", openness.file,
               "local all all trust\nlocal replication all trust\n");
    write_text(directory / "pg_ident.conf", openness.file, "");
  }
  write_text(directory / (config.standby ? "standby.signal" : "recovery.signal"), openness.file, "");
}

}  // namespace pitr
