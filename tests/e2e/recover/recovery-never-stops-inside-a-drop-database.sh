#!/bin/bash
# DROP DATABASE marks its row invalid before it removes the files, and no rollback takes that back: who stops before its
# COMMIT, or by a time on a quiet server, would get a database that nobody can connect to. pitr-recover moves such a
# target before the mark, says so, and the database is there with its rows.
# versions: all
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step (n int)"
sql "CREATE DATABASE victim"
psql -XAtq -d victim -c "CREATE TABLE v AS SELECT 42 AS x"
backup
sql "INSERT INTO step VALUES (1)"
before=$(sql "SELECT clock_timestamp()")
sql "DROP DATABASE victim"
sql "INSERT INTO step VALUES (2)"
switch_wal >/dev/null

# What pg_waldump calls the records: the drop of the files, and the commit of the same transaction.
mkdir "$SCRATCH/wal"
for file in "$ARCHIVE"/0*.zst; do zstd -qd "$file" -o "$SCRATCH/wal/$(basename "$file" .zst)"; done
pg_waldump -p "$SCRATCH/wal" -s "$(meta Start-LSN)" >"$SCRATCH/records" 2>/dev/null || true
drop=$(sed -nE 's/.*lsn: ([0-9A-F/]+), .*desc: DROP dir.*/\1/p' "$SCRATCH/records")
xid=$(sed -nE 's/^rmgr: Database .*tx: +([0-9]+), .*desc: DROP dir.*/\1/p' "$SCRATCH/records")
commit=$(sed -nE "s/^rmgr: Transaction .*tx: +$xid, lsn: ([0-9A-F/]+), .*COMMIT.*/\1/p" "$SCRATCH/records")
mark=$(sed -nE 's/^rmgr: Heap .*lsn: ([0-9A-F/]+), .*INPLACE.*rel 1664\/0\/1262 .*/\1/p' "$SCRATCH/records" | tail -n 1)
for found in "$mark" "$drop" "$xid" "$commit"; do
  [ -n "$found" ] || fail "no such records: $mark, $drop, $xid, $commit"
done
mark=$(printf '%s/%X' "${mark%/*}" "0x${mark#*/}")  # as the server prints it
destroy

rows_of_victim() { psql -XAtq -d victim -c "SELECT x FROM v"; }

assert_moves() { # OPTIONS...
  restore_into "$SCRATCH/none" --plan "$@" >"$SCRATCH/plan"
  assert_contains "$SCRATCH/plan" "lies within the DROP DATABASE of victim"
  assert_contains "$SCRATCH/plan" "recovery stops before it, at LSN $mark (exclusive)"
  : >"$SCRATCH/recover.out"
  recover_to "$@" --target-action=promote
  assert_contains "$SCRATCH/recover.out" "recovery stops before it, at LSN $mark (exclusive)"
  wait_for_promotion
  assert_eq 42 "$(rows_of_victim)" "the rows of the database with $*"
  assert_eq 1 "$(steps)" "the steps with $*"
  stop
}
assert_moves --target-lsn="$commit" --target-exclusive
assert_moves --target-lsn="$drop"
assert_moves --target-xid="$xid" --target-exclusive
assert_moves --target-time="$before"

# Before and behind it, a target stays what it is.
assert_stays() { # DATABASES OPTIONS...
  restore_into "$SCRATCH/none" --plan "${@:2}" >"$SCRATCH/plan"
  ! grep -q "DROP DATABASE" "$SCRATCH/plan" || fail "moved: $(cat "$SCRATCH/plan")"
  recover_to "${@:2}" --target-action=promote
  wait_for_promotion
  assert_eq "$1" "$(sql "SELECT count(*) FROM pg_database WHERE datname = 'victim'")" "databases with ${*:2}"
  [ "$1" = 0 ] || assert_eq 42 "$(rows_of_victim)" "the rows of the database with ${*:2}"
  stop
}
assert_stays 1 --target-lsn="$mark" --target-exclusive
assert_stays 0 --target-lsn="$commit"
assert_stays 0 --target-xid="$xid"
