#include <algorithm>
#include <ctime>
#include <set>

#include "common/base/number.h"
#include "common/os/file_source.h"
#include "common/set/drill_record.h"
#include "monitor/status/measurements.h"

namespace pitr {
namespace {

double seconds_since(std::time_t when) { return std::max(std::difftime(std::time(nullptr), when), 0.0); }

constexpr double never = std::numeric_limits<double>::infinity();

// What cannot be read might be the newest backup, and is none that anybody could restore.
std::string with_unreadable(std::string detail, const Catalog& catalog) {
  if (!catalog.unreadable.empty()) {
    detail += fmt::format("; {} cannot be read: {}", catalog.unreadable.front().meta_file.text(),
                          catalog.unreadable.front().reason);
  }
  for (const BackupSet& set : catalog.damaged) detail += fmt::format("; {}: {}", set.name, set.damage);
  return detail;
}

// Null: there is no backup. Of several clusters in the directory it is the one whose archive, or whose
// server, is given.
const BackupSet* newest(Places& places) {
  const Catalog& catalog = places.catalog();
  std::set<std::uint64_t> clusters;
  for (const BackupSet& set : catalog.complete) {
    if (const auto cluster = cluster_of(catalog, set.meta)) clusters.insert(*cluster);
  }
  const auto cluster = clusters.size() > 1 ? std::optional(places.cluster()) : std::nullopt;
  for (auto set = catalog.complete.rbegin(); set != catalog.complete.rend(); ++set) {
    if (!cluster || cluster_of(catalog, set->meta).value_or(*cluster) == *cluster) return &*set;
  }
  return nullptr;
}

std::uint64_t size_of(Store& store, const Name& name) {
  const auto source = store.open(name);
  if (!source) fail(Exit::failed, "{}: it is not there", store.describe(name));
  const auto size = source->size();
  if (!size) fail(Exit::failed, "{}: its size is not known before its end", store.describe(name));
  return *size;
}

}  // namespace

Measurement last_backup_age(Places& places) {
  const Catalog& catalog = places.catalog();
  const BackupSet* set = newest(places);
  if (set == nullptr) return {never, with_unreadable("there is no backup", catalog)};
  return {seconds_since(set->meta.stop_time), with_unreadable(set->name, catalog)};
}

Measurement backup_size(Places& places) {
  const Catalog& catalog = places.catalog();
  const BackupSet* set = newest(places);
  if (set == nullptr) return {0, with_unreadable("there is no backup", catalog)};
  // What lies there, not what meta tells: somebody may have cut it.
  std::uint64_t bytes = size_of(places.backups(), *set->data);
  if (set->xlog) bytes += size_of(places.backups(), *set->xlog);
  return {static_cast<double>(bytes), with_unreadable(set->name, catalog)};
}

Measurement drill_age(Places& places) {
  const MonitorPlaces& given = places.given();
  const std::string& directory =
      given.state_directory.empty() ? given.backup_directory : given.state_directory;
  if (directory.empty())
    fail(Exit::usage, "no place for the record of a drill (give --state-dir or --backup-dir)");
  const auto record = read_drill_record(directory);
  if (!record)
    return {never, fmt::format("no record of a drill (pitr-verify --drill leaves one in {})", directory)};
  return {seconds_since(record->finished),
          fmt::format("{}, took {} s{}", record->backup, number_text(record->seconds),
                      record->target.empty() ? "" : ", replayed " + record->target)};
}

}  // namespace pitr
