#!/bin/bash
# A damaged segment in the archive stops recovery instead of ending it; once it is repaired, recovery goes on.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t (n int)"
backup
add_segments 1 2 3
destroy
damaged=$ARCHIVE/${segments[1]}.zst
cp "$damaged" "$SCRATCH/good"
# In the middle: the header is still right, only the codec's checksum tells.
printf 'XXXX' | dd of="$damaged" bs=1 seek=$(($(stat -c %s "$damaged") / 2)) conv=notrunc status=none

recover "archive_mode = off"
start_expecting_death
assert_contains "$SCRATCH/pitr/log/restore.log" "${segments[1]}"

cp "$SCRATCH/good" "$damaged"
start
wait_for_promotion
assert_eq "1 2 3" "$(sql "SELECT string_agg(n::text, ' ' ORDER BY n) FROM t")" "rows"
