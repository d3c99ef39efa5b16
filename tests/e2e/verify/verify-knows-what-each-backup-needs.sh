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

# A segment in two forms is no harm while they are the same; else nobody knows which one is right.
zstd -dq "$ARCHIVE/${segments[3]}.zst" -o "$ARCHIVE/${segments[3]}"
"${both[@]}" --deep >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
printf 'XX' | dd of="$ARCHIVE/${segments[3]}" bs=1 seek=1048000 conv=notrunc status=none
assert_fails 3 "${both[@]}" --deep
assert_contains "$SCRATCH/said" "holds other bytes: recovery stops there"
assert_contains "$SCRATCH/said" "hole: ${segments[3]}"
rm "$ARCHIVE/${segments[3]}"

# What cannot be looked at is told, and the rest of the report, too.
for file in "$BASE"/*-xlog-*.gz; do chmod 000 "$file"; done
assert_fails 1 "${both[@]}"
assert_eq 2 "$(grep -c "^backup .*: could not look" "$SCRATCH/said")" "backups that could not be looked at"
for file in "$BASE"/*-xlog-*.gz; do chmod 600 "$file"; done
chmod 000 "$BASE"/*-meta-a*
assert_fails 1 "${both[@]}"
assert_contains "$SCRATCH/said" "COULD NOT LOOK: $(echo "$BASE"/*-meta-a*): "
chmod 600 "$BASE"/*-meta-a*
newest=$(printf '%s\n' "$ARCHIVE"/0*.zst | tail -n 1)
chmod 000 "$newest"
assert_fails 1 "${both[@]}"
assert_eq 2 "$(grep -c "^backup .*: good" "$SCRATCH/said")" "good backups"
chmod 600 "$newest"

# A damaged segment is not there.
damaged=$ARCHIVE/${segments[3]}.zst
cp "$damaged" "$SCRATCH/good"
printf 'XX' | dd of="$damaged" bs=1 seek=200 conv=notrunc status=none
assert_fails 3 "${both[@]}" --deep
assert_contains "$SCRATCH/said" "hole: ${segments[3]}"
cp "$SCRATCH/good" "$damaged"
stop

like_b() { # PART LETTER SED: a set LETTER whose PART is the meta file of b, edited
  local place=$SCRATCH/meta-$2 part of_b members
  mkdir "$place"
  of_b=$(echo "$BASE"/*-meta-b.tar.gz)
  mapfile -t members < <(tar -tzf "$of_b")
  tar -xzf "$of_b" -C "$place"
  sed -i -e "$3" -e '/^SHA-256: /d' "$place/meta"
  printf 'SHA-256: %s\n' "$(sha256sum <"$place/meta" | cut -d ' ' -f 1)" >>"$place/meta"
  tar -czf "${of_b/-meta-b/-$1-$2}" -C "$place" "${members[@]}"
  for part in data xlog; do cp "${of_b/-meta-b/-$part-b}" "${of_b/-meta-b/-$part-$2}"; done
}

# A set that waits for its WAL, also when it is named.
like_b waiting w 's/^State: .*/State: waiting/'
assert_fails 3 pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --backup "$(basename "$BASE"/*-data-w* .gz)"
assert_contains "$SCRATCH/said" "its WAL is not complete yet, so it is no backup"
rm "$BASE"/*-w.tar.gz

# The newest backup is another cluster's: what is watched is the archive's.
like_b meta z 's/^System-Identifier: .*/System-Identifier: 42/; s/^Stop-Time: .*/Stop-Time: 2036-01-01T00:00:00Z/'
pitr-monitor --backup-dir "$BASE" --archive "$ARCHIVE" --check last-backup-age --format text >"$SCRATCH/said"
assert_contains "$SCRATCH/said" "-data-b.tar"
assert_fails 3 pitr-monitor --backup-dir "$BASE" --check last-backup-age --format text # no archive, no server
rm "$BASE"/*-z.tar.gz

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
