#!/bin/bash
# A standby that follows a promotion while it is copied gives no backup: its pages are of two timelines, its label of one.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"

new_pair
CASCADE=$SCRATCH/data/cascade
cascade_host=$SCRATCH/cascade
cascade_sql() { PGHOST=$cascade_host sql "$1"; }
"${as_server[@]}" mkdir -p "$cascade_host"
PGHOST=$STANDBY_HOST "${as_server[@]}" pg_basebackup -D "$CASCADE" -R -c fast -X stream
"${as_server[@]}" pg_ctl -D "$CASCADE" -l "$CASCADE.log" -s -w -t 60 \
  -o "-c listen_addresses='' -c unix_socket_directories='$cascade_host' -c port=$PGPORT" start
sql "CREATE TABLE t AS SELECT generate_series(1, 50000) AS n"
wait_for_replay
wait_until '[ "$(cascade_sql "SELECT count(*) FROM pg_class WHERE relname = '\''t'\''")" = 1 ]' 60
cascade_sql "CHECKPOINT"

STANDBY=$CASCADE background backup_standby --host="$cascade_host" --wal-timeout=5 --max-rate=2M
wait_until "grep -q pg_backup_start '$BACKUP_LOG' 2>/dev/null" 60
"${as_server[@]}" pg_ctl -D "$STANDBY" -s -w promote
# Replay of a truncation writes minRecoveryPoint; no restartpoint writes the timeline of the last checkpoint.
standby_sql "TRUNCATE t"
wait_until 'pg_controldata "$CASCADE" | grep -q "Min recovery ending loc.s timeline: *2"' 60
pg_controldata "$CASCADE" | grep -q "Latest checkpoint's TimeLineID: *1" || fail "a restartpoint came between"
status=0
wait "${background_pids[0]}" || status=$?
assert_eq 1 "$status" "status of pitr-base"
assert_contains "$BACKUP_LOG" "the timeline changed from 1 to 2 during the backup"
assert_eq "" "$(ls "$BASE")" "files of the failed backup"
