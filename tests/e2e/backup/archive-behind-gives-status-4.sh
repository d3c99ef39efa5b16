#!/bin/bash
# B08: with an archive_command that fails, a backup ends within --wal-timeout with a complete set, WAL from pg_wal and
# status 4; the message names the segment.
. "$(dirname "$0")/../harness.sh"

new_cluster
configure "archive_command = 'false'"
start
load
began=$SECONDS
assert_fails 4 backup --wal-timeout 3
[ $((SECONDS - began)) -lt 60 ] || fail "it took $((SECONDS - began)) s"
kill_background
segment=$(meta Min-Xlog)
assert_contains "$SCRATCH/said" "archive is behind: segment $segment"
assert_nothing_left

destroy
unpack "$SCRATCH/data"
[ -f "$DATA/pg_wal/$segment" ] || fail "the xlog tar does not hold $segment"
configure "archive_mode = off"
start
assert_load_adds_up
