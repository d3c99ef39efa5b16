#!/bin/bash
# needs: root
# pitr-check by root becomes the owner of the data directory and leaves nothing of root's; by anybody else it says who
# should run it.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/check.inc"

new_cluster --wal-segsize=1
start
"${as_server[@]}" pitr-archive --init -D "$DATA" -dl "$ARCHIVE" >"$SCRATCH/init"
assert_check 0 --log "$SCRATCH/pitr/log/check.log" --verbose
assert_line ok "user: $SERVER_USER"
assert_line ok "$ARCHIVE: $SERVER_USER may write"
assert_line ok "$ARCHIVE: " "byte for byte"
assert_eq "" "$(find "$ARCHIVE" "$SCRATCH/pitr" -user root)" "what belongs to root"
assert_fails 2 pitr-check -h "$PGHOST"
assert_contains "$SCRATCH/said" "as root give --data-dir"

# Somebody else may look at the directory's name, and at nothing in it.
chmod 0755 "$SCRATCH" "$SCRATCH/data"
chmod 1777 "$TMPDIR"
as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
assert_fails 1 "${as_nobody[@]}" pitr-check -D "$DATA" -h "$PGHOST" -U postgres
assert_line failed "user: this runs as nobody, $DATA belongs to $SERVER_USER" "run it as $SERVER_USER or as root"
assert_line failed "archiving: was not tried: the cluster is not known"
