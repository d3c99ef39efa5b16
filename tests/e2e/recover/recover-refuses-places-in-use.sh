#!/bin/bash
# B23: a directory that is not empty and one of a running server are refused, with and without --delta, and stay as they
# were; so is a set that somebody is removing, and a damaged one leaves nothing that starts.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step AS SELECT 1 AS n"
backup
switch_wal >/dev/null

assert_fails 2 restore_into "$DATA"
assert_contains "$SCRATCH/said" "a server runs there"
assert_fails 2 restore_into "$DATA" --delta
assert_contains "$SCRATCH/said" "a server runs there"
assert_fails 2 restore_into "$DATA/base/new"
assert_contains "$SCRATCH/said" "a server runs there"
assert_eq 1 "$(steps)" "the steps of the running server"
mkdir -p "$NEW" && echo precious >"$NEW/file"
assert_fails 2 restore_into "$NEW"
assert_contains "$SCRATCH/said" "it is not empty"
assert_eq precious "$(cat "$NEW/file")" "the file that was there"
rm -rf "$NEW"

# A byte of the data file changed: the block is named, and what was written does not start.
data=$(part data)
cp "$data" "$SCRATCH/good"
size=$(stat -c %s "$data")
printf '\xff\xfe' | dd of="$data" bs=1 seek=$((size / 2)) conv=notrunc status=none
assert_fails 3 restore_into "$NEW"
assert_contains "$SCRATCH/said" "a block of it is damaged"
assert_contains "$SCRATCH/said" "run it again with --delta"
assert_absent "$NEW/global/pg_control"
cp "$SCRATCH/good" "$data"
# And with the good file it goes on from there.
assert_fails 2 restore_into "$NEW"
restore_into "$NEW" --delta
pg_verifybackup -n "$NEW"
# A file that is shorter is seen before anything is written.
rm -rf "$NEW"
truncate -s $((size - 1)) "$data"
assert_fails 3 restore_into "$NEW"
assert_contains "$SCRATCH/said" 'its files hold'
assert_absent "$NEW"
