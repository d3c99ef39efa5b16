#!/bin/bash
# A segment missing in the middle of the archive stops recovery instead of ending it with rows missing; once it is
# back, recovery goes on to the last row.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t (n int)"
backup
add_segments 1 2 3 4
destroy
mv "$ARCHIVE/${segments[1]}.zst" "$SCRATCH/"

recover "archive_mode = off"
start_expecting_death
assert_contains "$SCRATCH/pitr/log/restore.log" "${segments[1]}"
assert_contains "$SCRATCH/pitr/log/restore.log" "--gap end"

mv "$SCRATCH/${segments[1]}.zst" "$ARCHIVE/"
start
wait_for_promotion
assert_eq "1 2 3 4" "$(sql "SELECT string_agg(n::text, ' ' ORDER BY n) FROM t")" "rows"
