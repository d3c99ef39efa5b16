#!/bin/bash
# The ordinary failover: the old primary died with its archiver behind, and its successor went on on timeline 2. Recovery
# that follows timeline 2 stops at the segments which timeline 1 lacks, instead of ending there with rows missing.
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
rows() { sql "SELECT string_agg(n::text, ' ' ORDER BY n) FROM t"; }

# Nothing of timeline 1 is archived behind the hole.
mkdir "$SCRATCH/kept"
mv "$ARCHIVE/${segments[1]}.zst" "$ARCHIVE/${segments[2]}.zst" "$SCRATCH/kept/"
recover "archive_mode = off"
start_expecting_death 00000003.history
assert_contains "$SCRATCH/pitr/log/restore.log" "restore ${segments[1]}: it is missing, but 00000002"
assert_contains "$SCRATCH/pitr/log/restore.log" "--gap end"

# It goes on where it was once they are back.
mv "$SCRATCH/kept"/* "$ARCHIVE/"
start
wait_for_promotion
assert_eq "1 2 3 4 5" "$(rows)" "rows"
stop
mv "$ARCHIVE/${segments[1]}.zst" "$ARCHIVE/${segments[2]}.zst" "$SCRATCH/kept/"

# Who follows timeline 1 alone is at its end.
recover "archive_mode = off" "recovery_target_timeline = 'current'"
start
wait_for_promotion
assert_eq "1" "$(rows)" "rows of timeline 1"
stop

# On purpose.
recover "archive_mode = off"
sed -i 's|pitr-restore|& --gap end|' "$DATA/postgresql.conf"
start
wait_for_promotion
assert_eq "1" "$(rows)" "rows before the hole"
