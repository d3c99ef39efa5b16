#!/bin/bash
# pitr-verify proves a backup and an archive of another host, a drill among it; damage there is found.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"

new_cluster --wal-segsize=1
make_sshd
start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"
backup
switch_wal >/dev/null
stop
mv "$ARCHIVE" "$FAR/wal"
mv "$BASE" "$FAR/base"
verify() { pitr-verify -b "$HOST:$FAR/base" -a "$HOST:$FAR/wal" --ssh-path="$SSH" "$@"; }

verify --deep >"$SCRATCH/report"
assert_contains "$SCRATCH/report" "$HOST:$FAR/wal"
verify --quick >"$SCRATCH/report"
verify --sample 1/2 >"$SCRATCH/report"
mkdir "$SCRATCH/d"
verify --drill --drill-dir "$SCRATCH/d" --bindir "$BIN" >"$SCRATCH/report" 2>"$SCRATCH/said"
assert_contains "$SCRATCH/said" "pitr-monitor will not know of this drill (give --state-dir)"

# One byte in the middle of the data file.
data=$(echo "$FAR"/base/*-data-*)
printf '\xff' | dd of="$data" bs=1 seek=$(($(stat -c %s "$data") / 2)) conv=notrunc status=none
assert_fails 3 verify
assert_contains "$SCRATCH/said" "$HOST:$data"
truncate -s -1 "$data"
assert_fails 3 verify --quick
stop_sshd
assert_fails 1 verify
