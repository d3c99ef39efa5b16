#!/bin/bash
# --delta --only-wal comes back to the end of the backup: WAL of the old data directory that no archive has is rescued,
# and not replayed. A pg_wal whose disk is not mounted is no empty one.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step AS SELECT 1 AS n"
backup
sql "INSERT INTO step VALUES (2)"
stop
back_to_the_backup() { "${as_server[@]}" pitr-recover -b "$BASE" -D "$DATA" --delta --only-wal; }

mv "$DATA/pg_wal" "$SCRATCH/wal-disk"
ln -s "$SCRATCH/not-mounted" "$DATA/pg_wal"
assert_fails 1 back_to_the_backup
assert_contains "$SCRATCH/said" "pg_wal: no such directory (is its disk mounted?)"
rm "$DATA/pg_wal"
mv "$SCRATCH/wal-disk" "$DATA/pg_wal"

back_to_the_backup >"$SCRATCH/delta.out"
assert_contains "$SCRATCH/delta.out" "WAL that no archive had is in"
start
wait_for_promotion
assert_eq 1 "$(steps)" "the steps"
