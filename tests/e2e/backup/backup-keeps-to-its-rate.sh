#!/bin/bash
# --max-rate holds the copy back, and --progress-file tells every second how far it is.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
started=$(date +%s)
backup --max-rate=8M --progress-file="$SCRATCH/progress"
size=$(meta Raw-Bytes)
# The bundled segment is not held back; a second of the rate may be used at once.
least=$(((size - 16777216) / 8388608 - 1))
[ $(($(date +%s) - started)) -ge "$least" ] || fail "$size bytes took less than $least s"
tail -n 1 "$SCRATCH/progress" | grep -Eq '^\{"bytes": [0-9]+, "total": [0-9]+, "bytes_per_second": [0-9]+, "seconds_left": [0-9]+\}$' ||
  fail "the progress file ends with: $(tail -n 1 "$SCRATCH/progress")"
