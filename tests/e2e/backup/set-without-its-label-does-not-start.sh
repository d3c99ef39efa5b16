#!/bin/bash
# Whoever removes backup_label "to make it start" gets no corrupt cluster; with the label it starts.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"
backup
destroy
unpack "$SCRATCH/data"
configure "archive_mode = off"
mv "$DATA/backup_label" "$SCRATCH/"
if start 2>/dev/null; then fail "it started without its label"; fi
assert_contains "$DATA.log" "could not locate a valid checkpoint record"
mv "$SCRATCH/backup_label" "$DATA/"
start
assert_eq 1000 "$(sql "SELECT count(*) FROM t")" "rows"
