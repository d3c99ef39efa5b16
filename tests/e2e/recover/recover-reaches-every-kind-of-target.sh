#!/bin/bash
# pitr-recover lays the backup out and recovers to a restore point, a time, an LSN, a transaction, the end of the backup
# and the end of the archive: the step before is there, the step after is not.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
configure "max_prepared_transactions = 2"
start
load
sql "CREATE TABLE step (n int)"
sql "INSERT INTO step VALUES (0)"
backup
add_step() { sql "INSERT INTO step VALUES ($1)"; }

add_step 1
sql "SELECT pg_create_restore_point('after_one')" >/dev/null
add_step 2
time_after_two=$(sql "SELECT clock_timestamp()")
add_step 3
lsn_after_three=$(sql "SELECT pg_current_wal_insert_lsn()")
xid_of_four=$(psql -XAtq -c "BEGIN" -c "INSERT INTO step VALUES (4)" -c "SELECT pg_current_xact_id()" -c "COMMIT")
# COMMIT PREPARED is a record of no transaction; it names the prepared one.
xid_of_five=$(psql -XAtq -c "BEGIN" -c "INSERT INTO step VALUES (5)" -c "SELECT pg_current_xact_id()" \
  -c "PREPARE TRANSACTION 'five'")
sql "COMMIT PREPARED 'five'"
add_step 6
stop_load
switch_wal >/dev/null
destroy

assert_recovers_to() { # STEPS OPTIONS...
  recover_to "${@:2}" --target-action=promote
  wait_for_promotion
  assert_eq "$1" "$(steps)" "the steps with ${2:-no target}"
  assert_load_adds_up
  assert_eq off "$(sql "SHOW archive_mode")" "archive_mode of a clone"
  stop
  pg_checksums --check -D "$DATA" >/dev/null
}
assert_recovers_to "0" --target-immediate
assert_recovers_to "0 1" --target-name=after_one
assert_recovers_to "0 1 2" "--target-time=$time_after_two"
assert_recovers_to "0 1 2 3" --target-lsn="$lsn_after_three" --target-exclusive
assert_recovers_to "0 1 2 3 4" --target-xid="$xid_of_four"
assert_recovers_to "0 1 2 3" --target-xid="$xid_of_four" --target-exclusive
assert_recovers_to "0 1 2 3 4 5" --target-xid="$xid_of_five"
# Of a number of 64 bits, as pg_current_xact_id() prints it in a later epoch, PostgreSQL compares 32.
assert_recovers_to "0 1 2 3 4 5" --target-xid="$((xid_of_five + (1 << 32)))"
assert_recovers_to "0 1 2 3 4 5 6"

# At a target recovery pauses, unless told otherwise.
recover_to --target-name=after_one
assert_paused_at "0 1"
stop
