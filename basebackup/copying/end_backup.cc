#include "basebackup/copying/end_backup.h"

#include <algorithm>

#include "basebackup/copying/directory.h"

namespace pitr {
namespace {

void require_same_timeline(const Cluster& cluster, Timeline timeline, Timeline now) {
  if (timeline == now) return;
  fail(Exit::failed, "{}: the timeline changed from {} to {} during the backup",
       cluster.data_directory.native(), number(timeline), number(now));
}

// The label stands for one timeline, from start to end.
void require_still_standby(const Cluster& cluster, const ControlFile& now, const BackupLabel& label) {
  if (!is_there(cluster.data_directory / "standby.signal")) {
    fail(Exit::failed, "{}: the standby was promoted during the backup", cluster.data_directory.native());
  }
  require_same_timeline(cluster, cluster.control.timeline, now.timeline);
  // Without a restartpoint on the new timeline only this tells that pages of it were written.
  if (now.min_recovery_point > label.start) {
    require_same_timeline(cluster, label.timeline, now.min_recovery_timeline);
  }
}

// "16385 /mnt/fast", a line for each.
bool names_tablespace(const std::string& map, const std::string& oid) {
  const std::string begin = oid + " ";
  return map.starts_with(begin) || map.find("\n" + begin) != map.npos;
}

// The server made the map when the backup started. What it lacks would have to come from the WAL, and what
// the copy lacks from nowhere.
void require_tablespaces_of(const std::string& map, const Cluster& cluster) {
  for (const std::string& oid : tablespace_links(cluster.data_directory)) {
    const bool is_copied = cluster.walk.tablespaces->contains(oid);
    if (is_copied != names_tablespace(map, oid)) {
      fail(Exit::failed, "tablespace {}: it was created while the backup started; take the backup again",
           oid);
    }
  }
}

}  // namespace

BackupEnd end_backup(BackupSession& session, const Cluster& cluster) {
  const bool by_way_of_primary = cluster.of == DataOf::its_standby;
  std::optional<ControlFile> control;
  // The label will promise that replay to the stop is enough. The standby goes on, and what its pg_control
  // demands later may lie behind that.
  if (by_way_of_primary) control = read_control_file(cluster.data_directory);
  const StopResult stop = session.stop();
  if (!control) control = read_control_file(cluster.data_directory);

  const BackupLabel label = parse_backup_label(stop.backup_label);
  if (by_way_of_primary || cluster.is_standby) require_still_standby(cluster, *control, label);
  require_tablespaces_of(stop.tablespace_map, cluster);
  // A set of a standby is consistent at the minRecoveryPoint of the pg_control in it.
  const Lsn end = label.from_standby ? std::max(stop.lsn, control->min_recovery_point) : stop.lsn;
  return {stop, label, *control, {label.timeline, label.start, end}};
}

}  // namespace pitr
