#!/bin/bash
# The program for --dst-pipe that docs/other-hosts.md shows: half a file, which a killed pitr-archive leaves there, is
# completed by the next call and stops nothing; a whole one is replaced by nothing.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
name=$(switch_wal)
segment=${name%%.*}
wait_until '[ -e "$DATA/pg_wal/archive_status/$segment.done" ]' 60
mkdir "$SCRATCH/tape"
chmod 777 "$SCRATCH/tape"
sed -n '/^    #!\/bin\/sh/,/^    sync -- \.$/s/^    //p' "$TOP/docs/other-hosts.md" |
  sed "s|/mnt/tape|$SCRATCH/tape|" >"$SCRATCH/keep-wal"
chmod 755 "$SCRATCH/keep-wal"
assert_contains "$SCRATCH/keep-wal" "cd $SCRATCH/tape"

source=$DATA/pg_wal/$segment stored=$SCRATCH/tape/$segment
archive() { "${as_server[@]}" pitr-archive -D "$DATA" --dst-pipe "$SCRATCH/keep-wal" -s "$SCRATCH/state" --batch-size 1 "pg_wal/$segment"; }
head -c 300000 "$source" | "${as_server[@]}" "$SCRATCH/keep-wal" "$segment"
assert_eq 300000 "$(stat -c %s "$stored")" "bytes of the half file"
archive
cmp "$source" "$stored"
archive
# The end of a file that was cut while it was sent again, and other bytes.
head -c 300000 "$source" | assert_fails 1 "${as_server[@]}" "$SCRATCH/keep-wal" "$segment"
cmp "$source" "$stored"
tr '\000' '\001' <"$source" | assert_fails 1 "${as_server[@]}" "$SCRATCH/keep-wal" "$segment"
cmp "$source" "$stored"
