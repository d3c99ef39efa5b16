#!/bin/bash
# A restore_command with a wrong option ends the recovery of a server under recovery.signal instead of promoting it;
# once it is repaired, recovery goes on to the last row.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
backup
sql "CREATE TABLE t AS SELECT generate_series(1, 1000)"
switch_wal >/dev/null
destroy

recover "restore_command = 'pitr-restore --sorce $ARCHIVE %f %p'" "archive_mode = off"
start_expecting_death
assert_contains "$DATA.log" "source"

configure "restore_command = 'pitr-restore --source $ARCHIVE %f %p'"
start
wait_for_promotion
assert_eq 1000 "$(sql "SELECT count(*) FROM t")" "rows"
