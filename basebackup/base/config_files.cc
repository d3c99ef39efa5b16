#include "basebackup/base/config_files.h"

#include <fcntl.h>

#include <set>

#include "common/base/text.h"
#include "common/os/file.h"
#include "common/os/file_source.h"

namespace pitr {
namespace {

constexpr std::size_t largest_file = 16 << 20;  // whatever is larger is no configuration

void add_rows(Server& server, const std::string& sql, std::set<std::string>& paths) {
  for (const auto& row : server.query(sql)) {
    if (row[0] && !row[0]->empty()) paths.insert(*row[0]);
  }
}

std::set<std::string> paths_in_use(Server& server) {
  std::set<std::string> paths;
  for (const char* name : {"config_file", "hba_file", "ident_file", "ssl_cert_file", "ssl_ca_file",
                           "ssl_crl_file", "ssl_dh_params_file"}) {
    const std::string path = server.setting(name);
    // Relative ones are relative to the data directory, and so are in the data file.
    if (path.starts_with('/')) paths.insert(path);
  }
  // Only a superuser may look into these.
  if (server.value("SELECT current_setting('is_superuser')") == "on") {
    add_rows(server, "SELECT DISTINCT sourcefile FROM pg_file_settings", paths);
    if (server.major() >= 16) {
      add_rows(server, "SELECT DISTINCT file_name FROM pg_hba_file_rules", paths);
      add_rows(server, "SELECT DISTINCT file_name FROM pg_ident_file_mappings", paths);
    }
  }
  // What Debian's pg_ctlcluster reads beside postgresql.conf.
  const std::filesystem::path directory = std::filesystem::path(server.setting("config_file")).parent_path();
  for (const char* name : {"environment", "pg_ctl.conf", "start.conf"}) {
    if (open_if_there(directory / name, O_RDONLY | O_NONBLOCK)) paths.insert(directory / name);
  }
  return paths;
}

std::string read_config(const std::filesystem::path& path) {
  FileSource source(open_file(path, O_RDONLY | O_NONBLOCK));
  if (source.file_size() > largest_file)
    fail(Exit::failed, "read {}: larger than any configuration", path.native());
  return read_text(source);
}

}  // namespace

ConfigFiles read_config_files(Server& server, const std::filesystem::path& data_directory, Log& log) {
  ConfigFiles result;
  for (const std::string& path : paths_in_use(server)) {
    if (lies_within(path, data_directory)) continue;
    try {
      result.files.push_back({path, read_config(path)});
    } catch (const Error& error) {
      log.error("configuration is not in the set: {}", error.what());
      result.not_copied.push_back(error.what());
    }
  }
  const std::string key = server.setting("ssl_key_file");
  if (key.starts_with('/')) result.not_copied.push_back(key + ": a private key");
  return result;
}

}  // namespace pitr
