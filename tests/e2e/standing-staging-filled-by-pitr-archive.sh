#!/bin/bash
# A staging directory that exists, filled by pitr-archive, serves a backup and is left as it was.
. "$(dirname "$0")/harness.sh"

new_cluster --wal-segsize=1
mkdir -p "$STAGING"
configure "archive_command = 'pitr-archive -s $STATE -dl zstd=$STAGING %p'"
start
load
backup
kill_background
[ -d "$STAGING" ] || fail "the staging directory was removed"
assert_eq "" "$(find "$STAGING" -type f ! -name '0000*' ! -name pitr-archive.id)" "files that are no WAL"
# What the backup took from there is still there.
first=$(meta Min-Xlog)
found=("$STAGING/$first"*)
[ "${#found[@]}" -ge 1 ] || fail "$first is not in staging any more: $(ls "$STAGING")"
assert_contains "$BACKUP_LOG" "File $first arrived after"

rows=$(sql "SELECT count(*) FROM pgbench_accounts")
destroy
unpack "$SCRATCH/data"
configure "archive_mode = off"
start
assert_eq "$rows" "$(sql "SELECT count(*) FROM pgbench_accounts")" "rows"
assert_load_adds_up
