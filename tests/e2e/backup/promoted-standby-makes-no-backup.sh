#!/bin/bash
# D33: a standby that is promoted while it is copied gives no backup, and says so.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"

new_pair
sql "CREATE TABLE t AS SELECT generate_series(1, 50000) AS n"
wait_for_replay
standby_sql "CHECKPOINT"
background backup_standby --host="$STANDBY_HOST" --wal-timeout=5 --max-rate=2M
wait_until "grep -q pg_backup_start '$BACKUP_LOG' 2>/dev/null" 60
"${as_server[@]}" pg_ctl -D "$STANDBY" -s -w promote
status=0
wait "${background_pids[0]}" || status=$?
assert_eq 1 "$status" "status of pitr-base"
assert_contains "$BACKUP_LOG" "promoted"
assert_eq "" "$(ls "$BASE")" "files of the failed backup"
