#include "basebackup/sync/copy_settings.h"

#include "common/wal/restore_command.h"

namespace pitr {
namespace {

std::string quote_value(const std::string& value) {
  if (!value.empty() && value.find_first_of(" \t\n\r\v\f'\\=") == value.npos) return value;
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace

bool means_this_host(const std::string& host) {
  return host.empty() || host.starts_with('/') || host.starts_with('@') || host == "localhost" ||
         host.starts_with("localhost.") || host.starts_with("127.") || host == "::1" || host == "0.0.0.0";
}

std::string format_conninfo(const ServerAddress& address) {
  std::string text;
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, quote_value(value));
  };
  add("host", address.host);
  add("port", address.port);
  add("user", address.username);
  return text;
}

ServerSettings settings_of_copy(const CopyOptions& options, const ServerAddress& primary, bool is_elsewhere) {
  ServerSettings settings;
  settings.clear_targets();
  if (!options.standby) {
    settings.leave_original_alone();
    return settings;
  }
  if (options.primary_conninfo.empty() && is_elsewhere && means_this_host(primary.host)) {
    fail(Exit::usage,
         "a standby on another host does not find its primary at '{}': give --primary-conninfo, or --host "
         "with a name that is known there",
         primary.host);
  }
  settings.set("recovery_target_timeline", "latest");
  settings.stream_from(options.primary_conninfo.empty() ? format_conninfo(primary) : options.primary_conninfo,
                       options.slot);
  if (!options.wal_sources.empty()) {
    settings.set("restore_command", restore_command("pitr-restore", options.wal_sources, {}));
  }
  return settings;
}

}  // namespace pitr
