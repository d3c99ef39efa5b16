#include "basebackup/retention/set_removal.h"

#include <fcntl.h>

#include <algorithm>

#include "common/base/line_reader.h"
#include "common/os/file_source.h"
#include "common/os/lock.h"
#include "common/os/signals.h"
#include "common/set/backup_lease.h"
#include "common/set/backup_pin.h"

namespace pitr {
namespace {

// What goes with a set, the files that list it first.
std::vector<std::string> files_of(Store& store, const BackupSet& set) {
  std::vector<std::string> names = {set.meta_file.text()};
  if (set.data)
    names.push_back(names_of_set(set.meta_file, *set.data).file(SetPart::waiting, Codec::none).text());
  for (const auto* part : {&set.data, &set.xlog}) {
    if (*part) names.push_back((*part)->text());
  }
  for (const Name& digest : set.digests) names.push_back(digest.text());
  names.push_back(set.name + std::string(pin_suffix));
  for (const Name& lease : lease_files(store, set.name)) names.push_back(lease.text());
  return names;
}

}  // namespace

SetRemoval::SetRemoval(std::filesystem::path directory, const Pace& pace, Log& log)
    : directory_(std::move(directory)), pace_(pace), log_(log) {}

bool SetRemoval::remove(Store& store, const BackupSet& set) {
  const Fd meta = open_if_there(directory_ / set.meta_file.text(), O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  if (!meta) return true;  // somebody else was faster
  if (try_lock(meta) == Locked::no) return false;
  const std::vector<std::string> names = files_of(store, set);
  const std::filesystem::path marker = directory_ / removing_file(set.meta_file).text();
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  AtomicFile file(marker, AtomicFile::Existing::replace, 0600);
  file.write(as_bytes(text));
  file.finish();
  remove_file(directory_ / set.meta_file.text());
  sync_directory(directory_);
  remove_files(names);
  remove_file(marker);
  sync_directory(directory_);
  return true;
}

void SetRemoval::finish_interrupted(Store& store) {
  std::vector<Name> markers;
  store.list("", [&](const Name& name) {
    if (name.text().ends_with(removing_suffix)) markers.push_back(name);
    return true;
  });
  if (markers.empty()) return;
  const Catalog catalog = read_catalog(store);
  const auto names_a_set = [&](const std::vector<std::string>& names) {
    const auto has = [&](const Name& name) { return std::ranges::find(names, name.text()) != names.end(); };
    const auto is_named = [&](const BackupSet& set) {
      return has(set.meta_file) || (set.data && has(*set.data));
    };
    return std::ranges::any_of(catalog.complete, is_named) ||
           std::ranges::any_of(catalog.waiting, is_named) || std::ranges::any_of(catalog.damaged, is_named) ||
           std::ranges::any_of(catalog.unreadable, has, &UnreadableSet::meta_file);
  };
  for (const Name& marker : markers) {
    std::vector<std::string> names;
    const auto source = store.open(marker);
    if (!source) continue;
    LineReader lines(*source);
    for (std::string line; lines.next(line);) {
      if (!Name::parse(line))
        fail(Exit::damaged, "{}: '{}' is no name of a file", store.describe(marker), line);
      names.push_back(line);
    }
    // Killed before the set was taken off the list: it is a set still, and is judged anew. So is a new one
    // that has got the names since.
    if (!names_a_set(names)) remove_files(names);
    store.remove(marker);
  }
}

void SetRemoval::remove_files(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::filesystem::path path = directory_ / name;
    if (!is_there(path)) continue;
    remove_slowly(path);
    log_.detail("{} removed", path.native());
  }
  sync_directory(directory_);
}

// Some file systems stand still for seconds while they free a large file.
void SetRemoval::remove_slowly(const std::filesystem::path& path) {
  if (pace_.truncate_by > 0) {
    for (std::uint64_t size = open_regular(path).file_size(); size > pace_.truncate_by;) {
      size -= pace_.truncate_by;
      truncate_file(path, size);
      pause_for(pace_.pause_ms / 1000.0);
    }
  }
  remove_file(path);
}

}  // namespace pitr
