#include "restore/recovery_config.h"

#include <fcntl.h>

#include <algorithm>
#include <cctype>

#include "common/remote_options.h"
#include "common/text.h"

namespace pitr {
namespace {

constexpr std::string_view block_begin = "# pitr-recover: begin";
constexpr std::string_view block_end = "# pitr-recover: end";

// What an earlier recovery may have left in force.
constexpr std::string_view recovery_settings[] = {
    "restore_command",           "archive_cleanup_command", "recovery_end_command",    "recovery_target",
    "recovery_target_name",      "recovery_target_time",    "recovery_target_xid",     "recovery_target_lsn",
    "recovery_target_inclusive", "recovery_target_action",  "recovery_target_timeline"};

std::string quote_for_shell(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string word_for_shell(const std::string& text) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("/._-=:+,@").find(c) != std::string_view::npos;
  };
  return std::ranges::all_of(text, is_plain) ? text : quote_for_shell(text);
}

std::string source_word(const Place& source) {
  return source.has_codec ? std::string(name(source.compression.codec)) + "=" + source.place : source.place;
}

class Settings {
 public:
  void set(std::string_view name, std::string_view value) {
    text_ += fmt::format("{} = {}\n", name, quote_setting(value));
  }
  void remark(std::string_view line) { text_ += fmt::format("# {}\n", line); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

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

void add_target(Settings& settings, const RecoveryTarget& target) {
  // All are cleared first: clearing one after the wanted one is set would clear that, too.
  for (const char* name : {"recovery_target", "recovery_target_name", "recovery_target_time", "recovery_target_xid",
                           "recovery_target_lsn"}) {
    settings.set(name, "");
  }
  const std::string setting = target_setting(target.kind);
  if (!setting.empty()) settings.set(setting, target_value(target));
  settings.set("recovery_target_inclusive", target.exclusive ? "off" : "on");
  settings.set("recovery_target_action", target.action.empty() ? "pause" : target.action);
  settings.set("recovery_target_timeline", target.timeline);
}

// A server that nobody else can reach, that reaches nobody, and that is ready when it has recovered.
void add_isolation(Settings& settings, const RecoveryConfig& config, const ControlFile& control) {
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
  settings.set("primary_conninfo", "");
  settings.set("jit", "off");
  // In its own directory: a container may have no /dev/shm that the server may use.
  settings.set("dynamic_shared_memory_type", "mmap");
  settings.set("max_connections", std::to_string(control.max_connections));
  settings.set("max_worker_processes", std::to_string(control.max_worker_processes));
  settings.set("max_wal_senders", std::to_string(control.max_wal_senders));
  settings.set("max_prepared_transactions", std::to_string(control.max_prepared_transactions));
  settings.set("max_locks_per_transaction", std::to_string(control.max_locks_per_transaction));
}

std::string block(const RecoveryConfig& config, const ControlFile& control) {
  Settings settings;
  settings.set("restore_command", restore_command(config));
  for (const char* name : {"archive_cleanup_command", "recovery_end_command"}) settings.set(name, "");
  add_target(settings, config.target);
  if (config.standby) settings.set("primary_conninfo", config.primary_conninfo);
  if (!config.isolated_socket.empty()) {
    add_isolation(settings, config, control);
  } else if (config.purpose == Purpose::clone) {
    settings.remark(
        "ARCHIVING IS OFF: this is a copy, and must not write into the archive of the original. Before it");
    settings.remark("goes into production: remove this block, restart the server, take a new base backup.");
    settings.set("archive_mode", "off");
  }
  return fmt::format("{}\n{}{}\n", block_begin, settings.text(), block_end);
}

std::string key_of(const std::string& line) {
  const auto from = line.find_first_not_of(" \t");
  if (from == line.npos) return {};
  std::string key = line.substr(from, line.find_first_of(" \t=", from) - from);
  std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return key;
}

void write_text(const std::filesystem::path& path, mode_t mode, std::string_view text) {
  AtomicFile file(path, AtomicFile::Existing::replace, mode);
  file.write(as_bytes(text));
  file.finish();
}

}  // namespace

std::string quote_setting(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c == '\n' ? ' ' : c;
  }
  return quoted + "'";
}

std::string restore_command(const RecoveryConfig& config) {
  // Says of every file that there is none: what lies in pg_wal is all there is.
  if (config.sources.empty()) return "false";
  std::string command = word_for_shell(config.restore_program);
  const bool is_here = std::ranges::all_of(
      config.sources, [](const Place& source) { return kind(source) == PlaceKind::directory; });
  for (const Place& source : config.sources) command += " -s " + word_for_shell(source_word(source));
  if (!is_here) {
    for (const std::string& word : remote_words(config.remote)) command += " " + word_for_shell(word);
  }
  if (!config.prefetch_directory.empty()) command += " --prefetch-dir " + word_for_shell(config.prefetch_directory);
  std::string escaped;
  for (const char c : command) escaped += c == '%' ? std::string("%%") : std::string(1, c);
  return escaped + " %f %p";
}

std::string with_recovery_block(const std::string& old, const RecoveryConfig& config, const ControlFile& control) {
  std::string kept;
  bool in_block = false;
  for (std::size_t at = 0; at < old.size();) {
    const std::size_t end = std::min(old.find('\n', at), old.size());
    const std::string line = old.substr(at, end - at);
    at = end + 1;
    if (line == block_begin) in_block = true;
    const bool is_ours =
        in_block || std::ranges::find(recovery_settings, key_of(line)) != std::end(recovery_settings);
    if (line == block_end) in_block = false;
    if (!is_ours) kept += line + "\n";
  }
  return kept + block(config, control);
}

void write_recovery_config(const std::filesystem::path& directory, Openness openness, const RecoveryConfig& config,
                           const ControlFile& control) {
  const bool isolated = !config.isolated_socket.empty();
  const std::filesystem::path auto_conf = directory / "postgresql.auto.conf";
  // What ALTER SYSTEM set in production may be anything; a drill wants none of it.
  const std::string old = isolated ? "" : read_text_if_there(auto_conf, O_NOFOLLOW);
  write_text(auto_conf, openness.file, with_recovery_block(old, config, control));
  if (isolated) {
    write_text(directory / "postgresql.conf", openness.file,
               "# of pitr-recover --isolated; see postgresql.auto.conf\n");
    write_text(directory / "pg_hba.conf", openness.file, "local all all trust\nlocal replication all trust\n");
    write_text(directory / "pg_ident.conf", openness.file, "");
  }
  write_text(directory / (config.standby ? "standby.signal" : "recovery.signal"), openness.file, "");
}

}  // namespace pitr
