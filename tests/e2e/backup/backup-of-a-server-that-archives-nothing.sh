#!/bin/bash
# Without an archive the WAL of a backup is kept in the server until it is bundled, and the set is complete.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
configure "archive_mode = off" "min_wal_size = 2MB" "max_wal_size = 2MB" "wal_keep_size = 0"
start
sql "CREATE TABLE t AS SELECT generate_series(1, 200000) AS n"

base() { # OPTIONS...
  pitr-base --host="$PGHOST" --username=postgres --port="$PGPORT" --data-dir="$DATA/" --dst-local "zstd=$BASE/" \
    --temp-dir="$SCRATCH/pitr/tmp/" --log="$BACKUP_LOG" --verbose "$@"
}
assert_fails 2 base --skip-xlogs
assert_contains "$SCRATCH/said" "archive_mode is off"
assert_fails 2 base
assert_contains "$SCRATCH/said" "--no-archive"
assert_eq "" "$(ls "$BASE")" "files of refused backups"

background base --no-archive --max-rate=8M
wait_until "grep -q pg_backup_start '$BACKUP_LOG' 2>/dev/null" 60
first=$(sed -n 's/.*pg_backup_start.*returned [^|]*|\([0-9A-F]*\)\..*/\1/p' "$BACKUP_LOG")
# Without the slot each of these checkpoints would recycle what the backup began with.
for _ in 1 2 3; do
  sql "CREATE TABLE x AS SELECT generate_series(1, 100000) AS n"
  sql "DROP TABLE x"
  sql "SELECT pg_switch_wal()" >"$SCRATCH/switched"
  sql "CHECKPOINT"
done
[ -e "$DATA/pg_wal/$first" ] || fail "$first is recycled"
wait "${background_pids[0]}"
background_pids=()
assert_eq complete "$(meta State)" "state"
assert_eq 0 "$(sql "SELECT count(*) FROM pg_replication_slots")" "slots that are left"

destroy
unpack "$(dirname "$DATA")"
start
assert_eq 200000 "$(sql "SELECT count(*) FROM t")" "rows"

# Whoever says that nothing is archived gets a backup without WAL, too.
rm "$BASE"/*
base --skip-xlogs --no-archive
