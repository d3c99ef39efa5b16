#!/bin/bash
# versions: all
# A copy of the cluster on the same host calls with the original's --data-dir: it is refused, and the original goes on
# archiving. By hand, too, nobody archives a segment that the server is still writing.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
archive_with zstd
configure "archive_command = 'pitr-archive -D $DATA -dl zstd=$ARCHIVE -s $STATE \"%p\"'"
start
switch_wal >/dev/null

sql "CREATE TABLE t AS SELECT 1 AS n"
segment=$(sql "SELECT pg_walfile_name(pg_current_wal_lsn())")
assert_fails 1 pitr-archive -D "$DATA" -s "$STATE" -dl "zstd=$ARCHIVE" "$DATA/pg_wal/$segment"
grep -q "the server has not finished it" "$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"

copy=$SCRATCH/data/copy
mkdir -p "$copy/global" "$copy/pg_wal"
cp "$DATA/PG_VERSION" "$copy"
cp "$DATA/global/pg_control" "$copy/global"
finished=$(switch_wal)
(cd "$copy" && assert_fails 2 pitr-archive -D "$DATA" -s "$STATE" -dl "zstd=$ARCHIVE" "pg_wal/$finished")
grep -q "leave --data-dir out of archive_command" "$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
(cd "$DATA" && pitr-archive -D "$DATA" -s "$STATE" -dl "zstd=$ARCHIVE" "pg_wal/$finished")

sql "INSERT INTO t SELECT g FROM generate_series(1, 1000) g"
switch_wal >/dev/null
