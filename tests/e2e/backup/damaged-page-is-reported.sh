#!/bin/bash
# B10: a page that is damaged in the cluster itself is named, the backup is kept and marked, the status is 3.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
sql "CREATE TABLE t AS SELECT generate_series(1, 100000) AS n"
file=$(sql "SELECT pg_relation_filepath('t')")
sql "CHECKPOINT"
stop
# Into the third page; the length of the file stays.
printf 'XXXX' | dd of="$DATA/$file" bs=1 seek=20000 conv=notrunc status=none
start
assert_fails 3 backup --dst-local "zstd=$BASE/"
assert_contains "$SCRATCH/said" "block 2 of $file"
assert_eq 1 "$(meta Bad-Pages)" "Bad-Pages"
assert_nothing_left
