#!/bin/bash
# After two recoveries the archive holds three timelines. pitr-recover reaches a point on each of them, from the backup
# that was taken on the first, and says which one cannot be reached.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step (n int)"
backup
add_step() {
  sql "INSERT INTO step VALUES ($1)"
  sql "SELECT pg_create_restore_point('after_$1')" >/dev/null
}
add_step 1
add_step 2
switch_wal >/dev/null
destroy
# archive_command names the place.
NEW=$DATA

# Back to the first step, and on from there as the primary: timeline 2 has step 12 in place of step 2.
recover_to --target-name=after_1 --target-action=promote --as=primary
wait_for_promotion
assert_eq on "$(sql "SHOW archive_mode")" "archive_mode of a primary"
assert_eq 1 "$(steps)" "the steps on timeline 2"
add_step 12
lsn_on_2=$(sql "SELECT pg_current_wal_insert_lsn()")
add_step 13
switch_wal >/dev/null
wait_until 'archived 00000002.history' 30
stop immediate

# And once more, from timeline 2 to timeline 3.
recover_to --target-lsn="$lsn_on_2" --target-action=promote --as=primary
wait_for_promotion
assert_eq "1 12" "$(steps)" "the steps on timeline 3"
add_step 123
switch_wal >/dev/null
wait_until 'archived 00000003.history' 30
destroy
NEW=$SCRATCH/new/pg

restore_into "$SCRATCH/none" --plan >"$SCRATCH/plan"
assert_contains "$SCRATCH/plan" "timelines   1 -> 2 (from "
assert_contains "$SCRATCH/plan" " -> 3 (from "

assert_timeline_has() { # STEPS OPTIONS...
  recover_to "${@:2}" --target-action=promote
  wait_for_promotion
  assert_eq "$1" "$(steps)" "the steps with ${*:2}"
  stop
}
assert_timeline_has "1 2" --target-timeline=current
assert_timeline_has "1 12 13" --target-timeline=2
assert_timeline_has "1 12 123"
assert_timeline_has "1 2" --target-name=after_2 --target-timeline=1

# Step 2 is on timeline 1 alone.
rm -rf "$NEW"
assert_fails 3 restore_into "$NEW" --target-name=after_2
assert_contains "$SCRATCH/said" "restore point after_2 is not in the WAL behind the backup"
assert_fails 2 restore_into "$NEW" --target-timeline=7
assert_contains "$SCRATCH/said" "no source holds 00000007.history"
assert_absent "$NEW"
