#!/bin/bash
# With the archive, recovery stops exactly at a named restore point, a time and an LSN: the row before is there, the
# row after is not.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
load
sql "CREATE TABLE step (n int)"
backup
add_step() { sql "INSERT INTO step VALUES ($1)"; }

add_step 1
sql "SELECT pg_create_restore_point('after_one')" >/dev/null
add_step 2
time_after_two=$(sql "SELECT clock_timestamp()")
add_step 3
lsn_after_three=$(sql "SELECT pg_current_wal_insert_lsn()")
add_step 4
kill_background
switch_wal >/dev/null
destroy

assert_recovers_to() { # STEP SETTING...
  recover "${@:2}" "recovery_target_action = promote" "archive_mode = off"
  start
  wait_for_promotion
  assert_eq "$(seq -s ' ' "$1")" "$(sql "SELECT string_agg(n::text, ' ' ORDER BY n) FROM step")" "the steps with ${2:-no target}"
  assert_load_adds_up
  stop
}
assert_recovers_to 1 "recovery_target_name = 'after_one'"
assert_recovers_to 2 "recovery_target_time = '$time_after_two'"
assert_recovers_to 3 "recovery_target_lsn = '$lsn_after_three'" "recovery_target_inclusive = off"
assert_recovers_to 4
