#!/bin/bash
# B02: with the archive gone, --only-wal brings the cluster back to the end of the backup from the bundled WAL.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
load
backup
stop_load
destroy
rm -rf "$ARCHIVE"

assert_fails 2 pitr-recover -b "$BASE" -D "$NEW"
assert_contains "$SCRATCH/said" "give --wal-source, or --only-wal"
assert_fails 1 restore_into "$NEW"
assert_absent "$NEW"
pitr-recover -b "$BASE" -D "$NEW" --only-wal
pg_verifybackup -n "$NEW"
DATA=$NEW
start
wait_for_promotion
assert_load_adds_up
assert_eq 00000002 "$(sql "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")" "the timeline"
stop
pg_checksums --check -D "$DATA" >/dev/null
