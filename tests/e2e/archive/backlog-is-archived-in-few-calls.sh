#!/bin/bash
# versions: all
# The destination is away for a while and WAL piles up. Once it is back, few calls archive all of it, every file is
# marked as done, the server goes on, and a recovery from the archive has every row.
. "$(dirname "$0")/../harness.sh"

ready() { find "$DATA/pg_wal/archive_status" -name '*.ready' | wc -l; }
archived_files() { find "$ARCHIVE" -type f ! -name pitr-archive.id | wc -l; }

new_cluster --wal-segsize=1
archive_with zstd
configure "max_wal_size = 1GB" "wal_keep_size = 100MB"
start
sql "CREATE TABLE t (n int, filling text)"
backup
before=$(archived_files)
calls=$(sql "SELECT archived_count FROM pg_stat_archiver")

mv "$ARCHIVE" "$ARCHIVE.away"
while [ "$(ready)" -lt 45 ]; do
  sql "INSERT INTO t SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 2000) g"
done
mv "$ARCHIVE.away" "$ARCHIVE"
waiting=$(ready)
# After three failures the archiver pauses for a minute, unless it is told to read its configuration.
"${as_server[@]}" pg_ctl -D "$DATA" -s reload
wait_until '[ "$(ready)" = 0 ]' 100
wait_until '[ "$(sql "SELECT archived_count FROM pg_stat_archiver")" -gt "$calls" ]' 10
calls=$(($(sql "SELECT archived_count FROM pg_stat_archiver") - calls))
files=$(($(archived_files) - before))
[ "$files" -ge "$waiting" ] || fail "$waiting files waited, $files came into the archive"
[ "$calls" -lt $((files / 3)) ] || fail "$calls calls for $files files"

# It goes on: one file at a time again.
sql "INSERT INTO t SELECT g, 'last' FROM generate_series(1, 10) g"
switch_wal >/dev/null
wait_until '[ "$(ready)" = 0 ]' 60
for mark in "$DATA"/pg_wal/archive_status/*.done; do
  name=$(basename "$mark" .done)
  archived "$name" || fail "$name is marked as done and not archived"
done
assert_eq "" "$(find "$ARCHIVE" -name '*.tmp.*')" "temporary files in the archive"
assert_eq "" "$(grep -E 'could not rename|orphan' "$DATA.log" || true)" "complaints of the server about marks"
rows=$(sql "SELECT count(*) FROM t")
destroy

recover
start
wait_for_promotion
assert_eq "$rows" "$(sql "SELECT count(*) FROM t")" "rows after the recovery"
