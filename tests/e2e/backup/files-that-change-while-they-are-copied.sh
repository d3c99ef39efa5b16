#!/bin/bash
# B09: relations and databases that are created, dropped, truncated, rewritten and extended during the copy, one of them
# while it is being read: exit 0, and the restored cluster is as it was at the end.
. "$(dirname "$0")/../harness.sh"

new_cluster
configure "autovacuum = off"
start
# Its directory is the first that is copied; that of the other database comes later.
export PGDATABASE=template1
sql "CREATE DATABASE other TEMPLATE template0"
other=base/$(sql "SELECT oid FROM pg_database WHERE datname = 'other'")
sql "CREATE TABLE emptied AS SELECT n, repeat('x', 500) FROM generate_series(1, 40000) AS n"
for table in kept gone rewritten grown cut; do
  sql "CREATE TABLE $table AS SELECT n, repeat('x', 50) AS text FROM generate_series(1, 5000) AS n"
  sql "CREATE INDEX ON $table (n)"
done
emptied=$(sql "SELECT pg_relation_filepath('emptied')")
gone=$(sql "SELECT pg_relation_filepath('gone')")
size=$(stat -c %s "$DATA/$emptied")

is_reading() { readlink /proc/"$1"/fd/* 2>/dev/null | grep -qx "$2"; } # PID FILE

background backup --max-rate=8M
wait_until 'grep -qs "pg_backup_start(.*) returned" "$BACKUP_LOG"' 30
read -r pid <"$SCRATCH/pitr/base_backup.pid"
wait_until 'is_reading "$pid" "$DATA/$emptied"' 30
kill -STOP "$pid"
sql "TRUNCATE emptied"
sql "DROP TABLE gone"
sql "DROP DATABASE other"
sql "DELETE FROM rewritten WHERE n % 2 = 0"
sql "VACUUM FULL rewritten"
sql "INSERT INTO grown SELECT n, 'y' FROM generate_series(5001, 20000) AS n"
sql "DELETE FROM cut WHERE n > 100"
sql "VACUUM cut"
sql "CREATE TABLE created AS SELECT generate_series(1, 3000) AS n"
sql "CREATE DATABASE another TEMPLATE template0"
# Only now the files of what was dropped are removed.
sql "CHECKPOINT"
assert_absent "${DATA:?}/$gone" "$DATA/$other"
is_reading "$pid" "$DATA/$emptied.*" || fail "it was not in the middle of $emptied: this proves nothing"
kill -CONT "$pid"
wait "${background_pids[0]}" || fail "the backup: $(cat "$SCRATCH/background")"
assert_nothing_left
assert_eq 0 "$(meta Bad-Pages)" "Bad-Pages"
# As long as its header in the tar says, though it became shorter.
assert_eq "$size" "$(member data "pg/$emptied" | wc -c)" "the stored length of the file that was being read"
tar -tf "$(part data)" >"$SCRATCH/members"
for path in "$gone" "$other/PG_VERSION"; do
  ! grep -qx "pg/$path" "$SCRATCH/members" || fail "$path is in the set, so it was copied before it was dropped"
done

destroy
unpack "$SCRATCH/data"
configure "archive_mode = off"
start
while read -r table rows sum; do
  assert_eq "$rows $sum" "$(sql "SELECT count(*) || ' ' || coalesce(sum(n), 0) FROM $table")" "rows and sum of $table"
done <<'ROWS'
kept 5000 12502500
emptied 0 0
rewritten 2500 6250000
grown 20000 200010000
cut 100 5050
created 3000 4501500
ROWS
assert_eq "" "$(sql "SELECT to_regclass('gone')")" "the dropped table"
assert_eq another "$(sql "SELECT datname FROM pg_database WHERE datname LIKE '%other'")" "databases"
assert_indexes_are_sound
