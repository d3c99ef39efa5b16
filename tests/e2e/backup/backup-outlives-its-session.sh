#!/bin/bash
# When the session is lost after the backup has ended in the server, the finished copy is not thrown away for it.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"
configure "archive_command = '/bin/false'"
sql "SELECT pg_reload_conf()" >"$SCRATCH/reloaded"
background pitr-base --host="$PGHOST" --username=postgres --port="$PGPORT" --data-dir="$DATA/" --dst-local "zstd=$BASE/" \
  --xlogs="$STAGING" --temp-dir="$SCRATCH/pitr/tmp/" --log="$BACKUP_LOG" --verbose --wal-timeout=20
wait_until "grep -q 'pg_backup_stop() returned' '$BACKUP_LOG' 2>/dev/null" 60
# It says at once why it waits.
wait_until "grep -q 'archive_command fails' '$BACKUP_LOG'" 60
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pitr-base'" >"$SCRATCH/ended"
status=0
wait "${background_pids[0]}" || status=$?
background_pids=()
assert_eq 4 "$status" "status of pitr-base"
assert_eq complete "$(meta State)" "state"
destroy
unpack "$(dirname "$DATA")"
configure "archive_mode = off"
start
assert_eq 1000 "$(sql "SELECT count(*) FROM t")" "rows"
