#include "restore/recover/set_config.h"

#include <fcntl.h>

#include "common/os/fd.h"
#include "common/os/file_source.h"
#include "restore/recover/tree.h"

namespace pitr {
namespace {

bool is_there_and_same(const ConfigFile& file) {
  Fd open = open_if_there(file.path, O_RDONLY | O_NONBLOCK);
  if (!open) return false;
  FileSource there(std::move(open));
  MemorySource ours(as_bytes(file.content));
  if (!same_bytes(there, ours)) {
    fail(Exit::usage,
         "{}: it is there and differs from that of the backup (--config keep puts the backup's into the data "
         "directory)",
         file.path);
  }
  return true;
}

void put_back(const ConfigFile& file, Openness openness) {
  if (is_there_and_same(file)) return;
  const std::filesystem::path path = file.path;
  create_directories(path.parent_path(), 0755);
  AtomicFile to(path, AtomicFile::Existing::refuse, openness.file);
  to.write(as_bytes(file.content));
  to.finish();
}

}  // namespace

void require_config_fits(const SetContents& contents, ConfigMode mode) {
  for (const ConfigFile& file : contents.config) {
    in_context("configuration " + file.path, [&] { checked_components(file.path.substr(1)); });
    if (mode == ConfigMode::restore) is_there_and_same(file);
  }
}

std::string place_config(const SetContents& contents, ConfigMode mode,
                         const std::filesystem::path& data_directory, Openness openness) {
  if (contents.config.empty()) return {};
  std::string text;
  for (const ConfigFile& file : contents.config) {
    text += fmt::format("  {} ({} bytes)\n", file.path, file.content.size());
    if (mode == ConfigMode::restore) put_back(file, openness);
    if (mode == ConfigMode::keep) {
      Tree tree(data_directory, openness);
      write_all(tree.create("pitr-config" + file.path), as_bytes(file.content));
    }
  }
  std::string head =
      "Configuration that lay outside the data directory, and is in the meta file of the backup under "
      "config/:\n";
  if (mode == ConfigMode::keep)
    head = fmt::format("Configuration, now below {}/pitr-config:\n", data_directory.native());
  if (mode == ConfigMode::restore) head = "Configuration, put back to where it was:\n";
  if (!contents.config_not_copied.empty()) text += "Not in the backup:\n  " + contents.config_not_copied;
  return head + text;
}

}  // namespace pitr
