#!/bin/bash
# pitr-verify knows the way from one timeline into the next: which segments it takes, whether the history files are there
# and agree, and to which points of each timeline a backup can be recovered.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t (n int)"
backup
add_segments 1 2 3
destroy
recover
start
wait_for_promotion
wait_until 'archived 00000002.history' 30
add_segments 4 5
stop
both=(pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE")

"${both[@]}" --deep >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "  recoverable on timeline 1 from "
assert_contains "$SCRATCH/said" "  recoverable on timeline 2 from "

# The last segment before the switch: no hole on either timeline alone, but on the way.
last_of_1=${segments[2]}
mv "$ARCHIVE/$last_of_1.zst" "$SCRATCH/"
assert_fails 3 "${both[@]}"
assert_contains "$SCRATCH/said" "MISSING: $ARCHIVE/$last_of_1: "
mv "$SCRATCH/$last_of_1.zst" "$ARCHIVE/"

first_of_2=$(cd "$ARCHIVE" && printf '%s\n' 00000002????????????????.zst | head -n 1)
mv "$ARCHIVE/$first_of_2" "$SCRATCH/"
assert_fails 3 "${both[@]}"
assert_contains "$SCRATCH/said" "MISSING: $ARCHIVE/${first_of_2%.zst}: "
mv "$SCRATCH/$first_of_2" "$ARCHIVE/"

# History: gone, cut off, with another switch point.
history=$ARCHIVE/00000002.history.zst
mv "$history" "$SCRATCH/kept"
assert_fails 3 "${both[@]}"
assert_contains "$SCRATCH/said" "MISSING: $ARCHIVE/00000002.history: WAL of timeline 2 is here"
zstd -qdc "$SCRATCH/kept" >"$SCRATCH/text"
: | zstd -qo "$history"
assert_fails 3 "${both[@]}"
assert_contains "$SCRATCH/said" "DAMAGED: $history: "
sed 's|\t[0-9A-F]*/[0-9A-F]*\t|\t7/2000000\t|' "$SCRATCH/text" | zstd -qfo "$history"
assert_fails 3 "${both[@]}"
assert_contains "$SCRATCH/said" "it says that timeline 2 began at 7/2000000, but ${first_of_2%.zst} is older"
# Too early: WAL of timeline 2 would be missing, and timeline 1 would not be needed.
sed 's|\t[0-9A-F]*/[0-9A-F]*\t|\t0/100000\t|' "$SCRATCH/text" | zstd -qfo "$history"
assert_fails 3 "${both[@]}"
cp "$SCRATCH/kept" "$history"
# A grandchild that does not know its grandfather as its father does.
{
  sed 's|\t[0-9A-F]*/[0-9A-F]*\t|\t0/100000\t|' "$SCRATCH/text"
  printf '2\t7/2000000\tno recovery target specified\n'
} | zstd -qo "$ARCHIVE/00000003.history.zst"
assert_fails 3 "${both[@]}"
assert_contains "$SCRATCH/said" "its ancestors are not those in 00000002.history"
rm "$ARCHIVE/00000003.history.zst"
"${both[@]}" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
