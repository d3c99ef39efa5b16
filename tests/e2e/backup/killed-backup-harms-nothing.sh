#!/bin/bash
# D30: kill -9 of a backup leaves a stale staging directory: pitr-archive does not fill it, and the next backup works.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
background backup --dst-local "bzip2:9=$BASE" --parallel-jobs 1
wait_until 'grep -qs "pg_backup_start(.*) returned" "$BACKUP_LOG"' 30
read -r pid <"$SCRATCH/pitr/base_backup.pid"
kill -KILL "$pid"
wait "${background_pids[0]}" 2>/dev/null || true
assert_eq "" "$(find "$BASE" -type f ! -name '*.tmp.*')" "files under final names"
[ -d "$STAGING" ] || fail "the killed backup has left no staging directory: this proves nothing"

# Both are ended, and so archived, after the kill.
for _ in 1 2; do
  name=$(switch_wal)
  assert_absent "$STAGING/$name"*
done

backup
assert_eq 3 "$(find "$BASE" -type f | wc -l)" "files in the destination, litter of the killed run among them"
assert_nothing_left
unpack "$SCRATCH/new"
