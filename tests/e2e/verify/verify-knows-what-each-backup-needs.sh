#!/bin/bash
# pitr-verify and pitr-monitor agree on what a backup needs: a hole right behind it is a finding, one behind a set that is
# pinned for its consistency is none; an archive of another cluster, a directory without a backup and a set that waits for
# its WAL are no success; what pitr-expire is removing is.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t (n int)"
backup --filename-template '__HOSTNAME__-__FILETYPE__-a.tar__CEXT__'
add_segments 1 2 3 4 5
both=(pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE")
gap() { pitr-monitor --backup-dir "$BASE" --archive "$ARCHIVE" --check wal-gap --format text; }
"${both[@]}" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
gap >/dev/null || fail "there is no gap"

# The archive was begun anew: all up to segment 2 is gone.
mkdir "$SCRATCH/kept"
for file in "$ARCHIVE"/0*; do
  name=${file##*/}
  [[ ${name:0:24} > ${segments[1]} ]] || mv "$file" "$SCRATCH/kept/"
done
assert_fails 3 "${both[@]}"
assert_contains "$SCRATCH/said" "MISSING: $BASE/$(basename "$(part data)" .gz): it can be recovered up to "
assert_contains "$SCRATCH/said" "but not over the hole to ${segments[1]}"
assert_fails 2 gap
mv "$SCRATCH/kept"/* "$ARCHIVE/"

# Pinned for its consistency, it needs none of what lies between it and the next.
backup --filename-template '__HOSTNAME__-__FILETYPE__-b.tar__CEXT__'
add_segments 6
pitr-expire --backup-dir "$BASE" --pin "$(basename "$BASE"/*-data-a*.gz .gz)" --wal consistency
mv "$ARCHIVE/${segments[1]}.zst" "$ARCHIVE/${segments[2]}.zst" "$SCRATCH/kept/"
"${both[@]}" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "2 segments are missing, to ${segments[2]}; no backup needs it"
gap >/dev/null || fail "a pinned backup needs its own WAL only"
pitr-expire --backup-dir "$BASE" --unpin "$(basename "$BASE"/*-data-a*.gz .gz)"
assert_fails 3 "${both[@]}"
assert_fails 2 gap
mv "$SCRATCH/kept"/* "$ARCHIVE/"

# pitr-expire has begun to remove it.
mv "$BASE"/*-meta-a* "$SCRATCH/"
assert_fails 3 "${both[@]}"
(cd "$BASE" && printf '%s\n' *-a.tar.gz >"$(basename ./*-data-a* .gz).removing")
"${both[@]}" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "pitr-expire is removing its backup"
rm "$BASE"/*.removing
mv "$SCRATCH"/*-meta-a* "$BASE/"

# A damaged segment is not there.
damaged=$ARCHIVE/${segments[3]}.zst
cp "$damaged" "$SCRATCH/good"
printf 'XX' | dd of="$damaged" bs=1 seek=200 conv=notrunc status=none
assert_fails 3 "${both[@]}" --deep
assert_contains "$SCRATCH/said" "hole: ${segments[3]}"
cp "$SCRATCH/good" "$damaged"
stop

# Nothing there.
mkdir "$SCRATCH/empty"
assert_fails 3 pitr-verify --backup-dir "$SCRATCH/empty"
assert_contains "$SCRATCH/said" "MISSING: $SCRATCH/empty: there is no backup in it"
assert_fails 2 pitr-monitor --backup-dir "$SCRATCH/empty" --check last-backup-age

# An archive of another cluster.
mkdir "$SCRATCH/other"
printf 'System-Identifier: 42\nSegment-Size: 1048576\n' >"$SCRATCH/other/pitr-archive.id"
cp "$ARCHIVE/${segments[0]}.zst" "$SCRATCH/other/"
assert_fails 3 pitr-verify --backup-dir "$BASE" --archive "$SCRATCH/other"
assert_contains "$SCRATCH/said" "no archive given is of cluster $(tar -xOf "$BASE"/*-meta-a* meta | sed -n 's|^System-Identifier: ||p')"
assert_fails 2 pitr-monitor --backup-dir "$BASE" --archive "$SCRATCH/other" --check wal-gap --format text
assert_contains "$SCRATCH/said" "no archive given is of cluster"
