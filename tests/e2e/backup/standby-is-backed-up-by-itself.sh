#!/bin/bash
# versions: all
# A standby is backed up without its primary, also when the pair is idle and its last segment is not archived.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"

new_pair
load
sleep_until_loaded='[ "$(sql "SELECT count(*) > 100 FROM pgbench_history")" = t ]'
wait_until "$sleep_until_loaded" 60
kill_background
sql "CREATE TABLE t AS SELECT generate_series(1, 20000) AS n"
wait_for_replay
# What was written since is only in the segment that the primary is in: the archive has not got it.
backup_standby --host="$STANDBY_HOST" --wal-timeout=5

assert_eq standby "$(meta Backup-From)" "Backup-From"
assert_contains "$BACKUP_LOG" "All done."
stop_pair
start_from_set
assert_eq 20000 "$(sql "SELECT count(*) FROM t")" "rows"
assert_load_adds_up
assert_indexes_are_sound
