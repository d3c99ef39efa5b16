#!/bin/bash
# Two destinations in two codecs get the same backup; one that fails does not keep the other from it, the status is 5.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"
mkdir -p "$SCRATCH/backup/second"
[ "$(id -u)" != 0 ] || chown "$SERVER_USER:" "$SCRATCH/backup/second"
backup --dst-local "zstd=$BASE/" --dst-local "gzip=$SCRATCH/backup/second/"
gzip -t "$SCRATCH"/backup/second/*-{data,xlog,meta}-*
zstd -tq "$BASE"/*-{data,xlog,meta}-*
cmp <(tar -xOf "$(part data)" pg/backup_manifest) <(tar -xOf "$SCRATCH"/backup/second/*-data-* pg/backup_manifest)
rm "$BASE"/* "$SCRATCH"/backup/second/*

assert_fails 5 backup --dst-local "zstd=$BASE/" --dst-local "gzip=$SCRATCH/backup/third/"
assert_contains "$SCRATCH/said" "$SCRATCH/backup/third"
assert_absent "$SCRATCH/backup/third"
assert_eq 0 "$(meta Bad-Pages)" "Bad-Pages of the destination that is left"
rm "$BASE"/*

# A limit of 1 MB per file: the second destination's disk is not larger, so to speak. Every write fails there and here.
status=0
(ulimit -f 1024 && backup --dst-local "none=$BASE/") >"$SCRATCH/said" 2>&1 || status=$?
assert_eq 1 "$status" "status when the last destination fails"
assert_contains "$SCRATCH/said" "file too large"
assert_eq "" "$(ls "$BASE")" "files of the failed backup"
