#!/bin/bash
# A tablespace that was made after the backup is on its disk as it was when the cluster was left: --delta says so and empties
# it. Replay makes it anew, and what was to be undone does not come back with the next transactions.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
backup
space=$SCRATCH/space
"${as_server[@]}" mkdir "$space"
sql "CREATE TABLESPACE space LOCATION '$space'"
oid=$(sql "SELECT oid FROM pg_tablespace WHERE spcname = 'space'")
sql "CREATE TABLE t TABLESPACE space AS SELECT 'before' AS state FROM generate_series(1, 200)"
sql "SELECT pg_create_restore_point('before')" >/dev/null
for _ in 1 2 3; do sql "INSERT INTO t SELECT 'the bad load' FROM generate_series(1, 3000)"; done
sql "CHECKPOINT"
switch_wal >/dev/null
# Of a server that the directory is no part of.
"${as_server[@]}" mkdir "$space/PG_9.0_201008051"
"${as_server[@]}" touch "$space/PG_9.0_201008051/precious"
stop

delta=(restore_into "$DATA" --delta --as=primary --target-name=before --target-action=promote)
version=$(cd "$space" && echo PG_15_*)
"${delta[@]}" --plan >"$SCRATCH/said"
assert_contains "$SCRATCH/said" "empties     $space/$version, tablespace $oid"
"${delta[@]}" >"$SCRATCH/said"
assert_contains "$SCRATCH/said" "$space/$version, tablespace $oid, is emptied: it is younger than the backup."
assert_absent "$space/$version"
[ -e "$space/PG_9.0_201008051/precious" ] || fail "the directory of another server in the tablespace is gone"
start
wait_for_promotion
assert_eq "200" "$(sql "SELECT count(*) FROM t")" "rows after the recovery"
# The transaction IDs of the bad load are used again.
sql "CREATE TABLE other (n int)"
for n in 1 2 3 4 5 6 7; do sql "INSERT INTO other VALUES ($n)"; done
assert_eq "before 200" "$(sql "SELECT state || ' ' || count(*) FROM t GROUP BY state")" "rows after seven transactions more"
stop
