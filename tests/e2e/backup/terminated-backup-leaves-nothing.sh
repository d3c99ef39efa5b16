#!/bin/bash
# SIGTERM in the middle of a backup: no set, no staging directory, no temporary file, no session in the server.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
background backup --dst-local "bzip2:9=$BASE" --parallel-jobs 1
wait_until 'grep -qs "pg_backup_start(.*) returned" "$BACKUP_LOG"' 30
[ -d "$STAGING" ] || fail "there is no staging directory while the backup runs"
read -r pid <"$SCRATCH/pitr/base_backup.pid"
kill -TERM "$pid"
status=0
wait "${background_pids[0]}" || status=$?
assert_eq 1 "$status" "the exit status"
assert_contains "$BACKUP_LOG" "FATAL"
assert_eq "" "$(ls -A "$BASE")" "what is in the destination"
assert_nothing_left
wait_until '(assert_nothing_runs) 2>/dev/null' 10
assert_contains "$DATA.log" "aborting backup due to backend exiting before pg_"

# And the next one works.
backup
