#!/bin/bash
# alone: its memory is measured
# The memory of pitr-base is bounded by its blocks and workers: neither 200,000 files nor a file of 3 GB take more than
# 16 MB above what an empty cluster takes (measured: 4 MB), and all together stays below 64 MB (measured: 31 MB).
. "$(dirname "$0")/../harness.sh"

peak() { # the highest resident set size of a backup with two workers, in KB
  python3 -c '
import resource, subprocess, sys
status = subprocess.run(sys.argv[2:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=open(sys.argv[1], "w"))
sys.exit(status)' "$SCRATCH/peak" bash -c '. "$0"; backup "$@"' "$SCRATCH/backup.inc" --dst-local "lz4=$BASE/" \
    --parallel-jobs 2 >"$SCRATCH/said" 2>&1 || fail "the backup: $(cat "$SCRATCH/said")"
  rm -f "$BASE"/*
  cat "$SCRATCH/peak"
}

assert_bounded() { # KB WHAT
  echo "$2: $1 KB"
  local most=$((empty + 16384))
  [ "$1" -lt $((most < 65536 ? most : 65536)) ] || fail "$2: a peak of $1 KB, an empty cluster: $empty KB"
}

new_cluster
start
{
  declare -p PGHOST PGPORT DATA STAGING SCRATCH BACKUP_LOG BASE
  declare -f backup
} >"$SCRATCH/backup.inc"
empty=$(peak)
assert_bounded "$empty" "an empty cluster"

# Zeros: they take no room on the disk, and the pages of a relation that was just extended are such.
directory=$DATA/$(dirname "$(sql "SELECT pg_relation_filepath('pg_class')")")
truncate -s 3G "$directory/99999"
assert_bounded "$(peak)" "with a file of 3 GB"
rm "$directory/99999"

seq 1000000 1199999 | (cd "$directory" && xargs touch)
assert_bounded "$(peak)" "with 200,000 files"
