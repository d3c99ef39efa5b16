#!/bin/bash
# versions: all
# With --call-master the copy waits for a restartpoint of the standby: what is only in its memory would be lost.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"

new_pair
load
sql "CREATE TABLE t AS SELECT generate_series(1, 200000) AS n"
wait_for_replay
# Nobody asks the standby, and by itself it makes no restartpoint for an hour.
assert_fails 1 backup_standby --host="$PGHOST" --call-master --checkpoint-wait=2
assert_contains "$SCRATCH/said" "no restartpoint of the standby"
assert_eq "" "$(ls "$BASE")" "files of the failed backup"

backup_standby --host="$PGHOST" --call-master --standby-host="$STANDBY_HOST" --wal-timeout=60
assert_contains "$BACKUP_LOG" "Waiting for a restartpoint of the standby"
# PostgreSQL 13 has another word for it.
assert_eq "BACKUP FROM: primary" "$(member data standby/backup_label | sed -n "s,\bmaster$,primary,; /^BACKUP FROM/p")" "the label"
stop_load
stop_pair
start_from_set
assert_eq "200000 20000100000" "$(sql "SELECT count(*) || ' ' || sum(n) FROM t")" "rows"
assert_load_adds_up
assert_indexes_are_sound
