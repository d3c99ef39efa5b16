#!/bin/bash
# A set as OmniPITR made it - plain tars, four lines of meta, no index and no manifest - is read to its end: what does not
# decompress, a segment that is not what its name says, a damaged page and a missing member are found and named. Pages
# that were damaged in the cluster itself are found in our own sets, too.
. "$(dirname "$0")/../harness.sh"

new_cluster
configure "autovacuum = off"
start
sql "CREATE TABLE t AS SELECT generate_series(1, 100000) AS n"
file=$(sql "SELECT pg_relation_filepath('t')")
backup --dst-local "none=$BASE/"
stop
segment=$(meta Min-Xlog)
unpack "$SCRATCH/unpacked"
rm "$BASE"/*
# What pitr-base adds and OmniPITR does not have.
rm "$SCRATCH/unpacked/pg/backup_manifest"

make_set() { # from $SCRATCH/unpacked
  rm -f "$BASE"/*
  tar -czf "$BASE/old-data-2026-08-01.tar.gz" -C "$SCRATCH/unpacked" --exclude 'pg/pg_wal/*' pg
  tar -czf "$BASE/old-xlog-2026-08-01.tar.gz" -C "$SCRATCH/unpacked" pg/pg_wal
  printf '%s\n' "Min-Xlog: $segment" "Started-epoch: 1785578400" "Timezone: CEST" "Hostname: old" \
    >"$BASE/old-meta-2026-08-01.tar.gz"
  (cd "$BASE" && md5sum old-data-2026-08-01.tar.gz old-xlog-2026-08-01.tar.gz >old-MD5-2026-08-01.tar.gz)
}
verify() { pitr-verify --backup-dir "$BASE" "$@"; }

make_set
verify >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "backup old-data-2026-08-01.tar: good"
verify --archive "$ARCHIVE" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "recoverable on timeline 1"

for part in data xlog; do
  make_set
  size=$(stat -c %s "$(part $part)")
  truncate -s $((size / 2)) "$(part $part)"
  assert_fails 3 verify
  assert_contains "$SCRATCH/said" "DAMAGED: $(part $part): pg/"
done
make_set
printf 'XXXX' | dd of="$(part data)" bs=1 seek=100000 conv=notrunc status=none
assert_fails 3 verify
assert_contains "$SCRATCH/said" "DAMAGED: $(part data): pg/"
make_set
sed -i '1s/^......../00000000/' "$(part MD5)"
assert_fails 3 verify
assert_contains "$SCRATCH/said" "DAMAGED: $(part MD5): line 1: the digest of "

# A page that is damaged and older than the backup: nothing will replay it.
printf 'XXXX' | dd of="$SCRATCH/unpacked/pg/$file" bs=1 seek=20000 conv=notrunc status=none
make_set
assert_fails 3 verify
assert_contains "$SCRATCH/said" "DAMAGED: $(part data): $file: block 2 was damaged when it was backed up: checksum "

mv "$SCRATCH/unpacked/pg/backup_label" "$SCRATCH/"
make_set
assert_fails 3 verify
assert_contains "$SCRATCH/said" "DAMAGED: $(part data): backup_label: the tar does not hold it"
mv "$SCRATCH/backup_label" "$SCRATCH/unpacked/pg/"

mv "$SCRATCH/unpacked/pg/pg_wal/$segment" "$SCRATCH/unpacked/pg/pg_wal/0000000100000000000000AA"
make_set
assert_fails 3 verify
assert_contains "$SCRATCH/said" "DAMAGED: $(part xlog): pg/pg_wal/0000000100000000000000AA: "
assert_contains "$SCRATCH/said" "MISSING: $(part xlog): $segment: this WAL segment of the backup is not in it"

# A page of the cluster itself, in a set of ours: as pitr-base said when it made it.
printf 'XXXX' | dd of="$DATA/$file" bs=1 seek=20000 conv=notrunc status=none
start
rm "$BASE"/*
assert_fails 3 backup
assert_fails 3 verify
assert_contains "$SCRATCH/said" "DAMAGED: $(part data): $file: block 2 was damaged when it was backed up: checksum "
