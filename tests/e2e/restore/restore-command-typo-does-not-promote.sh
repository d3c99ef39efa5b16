#!/bin/bash
# A restore_command with a wrong option, or with one that asks for help or the version, ends the recovery of a server under
# recovery.signal instead of promoting it; once it is repaired, recovery goes on to the last row.
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

# -V for -v answers no question about a file.
for wrong in -V --help --man; do
  configure "restore_command = 'pitr-restore $wrong --source $ARCHIVE %f %p'"
  start_expecting_death
  assert_fails 2 pitr-restore "$wrong" --source "$ARCHIVE" 000000010000000000000001 "$SCRATCH/file"
  assert_fails 2 pitr-archive "$wrong" -dl "$ARCHIVE" pg_wal/000000010000000000000001
done

configure "restore_command = 'pitr-restore --source $ARCHIVE %f %p'"
start
wait_for_promotion
assert_eq 1000 "$(sql "SELECT count(*) FROM t")" "rows"
