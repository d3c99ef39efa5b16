#!/bin/bash
# --delta on a data directory with files deleted, damaged, grown and added: it is the backup again, files that were right
# are not written, and recovery reaches the last row.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
mkdir -p "$SCRATCH/space"
start
load
sql "CREATE TABLESPACE space LOCATION '$SCRATCH/space'"
sql "CREATE TABLE step TABLESPACE space AS SELECT 1 AS n"
stop_load
backup
sql "INSERT INTO step VALUES (2)"
switch_wal >/dev/null
table=$DATA/$(sql "SELECT pg_relation_filepath('pgbench_accounts')")
step=$DATA/$(sql "SELECT pg_relation_filepath('step')")
catalog=$DATA/$(sql "SELECT pg_relation_filepath('pg_proc')")
index=$DATA/$(sql "SELECT pg_relation_filepath('pgbench_accounts_pkey')")

assert_fails 2 restore_into "$DATA" --delta
assert_contains "$SCRATCH/said" "a server runs there"
stop

# On a disk of its own.
mv "$DATA/pg_wal" "$SCRATCH/wal-disk"
ln -s "$SCRATCH/wal-disk" "$DATA/pg_wal"
rm "$catalog"
printf 'xxxx' | dd of="$table" bs=1 seek=20000 conv=notrunc status=none
echo more >>"$index"
echo foreign >"$DATA/base/foreign"
mkdir -p "$DATA/not/ours"
ln -s /etc "$DATA/not/a-link"
rm -r "$step"
kept=$DATA/PG_VERSION
before=$(stat -c '%i %Z' "$kept")

# Only a directory of this cluster.
mkdir -p "$SCRATCH/other" && echo precious >"$SCRATCH/other/file"
assert_fails 2 restore_into "$SCRATCH/other" --delta
assert_contains "$SCRATCH/said" "is no data directory of a cluster"
assert_contains "$SCRATCH/other/file" precious

restore_into "$DATA" --delta --verbose >"$SCRATCH/delta.out" 2>&1
assert_contains "$SCRATCH/delta.out" "files are right and are kept."
assert_eq "$before" "$(stat -c '%i %Z' "$kept")" "a file that was right"
assert_absent "$DATA/base/foreign" "$DATA/not" "$DATA/pitr-recover.incomplete"
assert_eq "$SCRATCH/wal-disk" "$(readlink "$DATA/pg_wal")" "the link to the other disk"
assert_eq "$(tar -tf "$(part xlog)" | grep -oE '[^/]+$' | sort)" "$(find "$SCRATCH/wal-disk" -type f -printf '%f\n' | sort)" \
  "what is in pg_wal"
# Everything but what recovery is told is as it was in the backup.
pg_verifybackup -n "$DATA" >"$SCRATCH/verify" 2>&1 || {
  cat "$SCRATCH/verify"
  fail "pg_verifybackup"
}
start
wait_for_promotion
assert_eq "1 2" "$(steps)" "the steps"
assert_load_adds_up
stop
pg_checksums --check -D "$DATA" >/dev/null
