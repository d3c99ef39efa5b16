#!/bin/bash
# A tablespace that is created between the start of the backup and the walk is left to the WAL: in the tar it would be one
# that the map does not name, and nobody could restore the set.
. "$(dirname "$0")/../harness.sh"
command -v strace >/dev/null || { echo "strace is not installed"; exit 77; }

new_cluster
start
"${as_server[@]}" mkdir "$SCRATCH/early" "$SCRATCH/late"
sql "CREATE TABLESPACE early LOCATION '$SCRATCH/early'"
sql "CREATE TABLE e TABLESPACE early AS SELECT generate_series(1, 100) AS n"
# The data file is opened behind the start and before the walk.
background strace -f -o "$SCRATCH/trace" -P "$BASE" -e trace=openat -e inject=openat:delay_enter=3000000 \
  pitr-base --host="$PGHOST" --username=postgres --port="$PGPORT" --data-dir="$DATA/" --dst-local "zstd=$BASE/" \
  --xlogs="$STAGING" --temp-dir="$SCRATCH/pitr/tmp/" --log="$BACKUP_LOG" --verbose
wait_until "grep -q 'returned .*|' '$BACKUP_LOG' 2>/dev/null" 60
sql "CREATE TABLESPACE late LOCATION '$SCRATCH/late'"
sql "CREATE TABLE l TABLESPACE late AS SELECT generate_series(1, 100) AS n"
wait "${background_pids[0]}"
background_pids=()
tar -tf "$(part data)" >"$SCRATCH/listed"
assert_contains "$SCRATCH/listed" "tablespaces$SCRATCH/early/"
if grep -q "tablespaces$SCRATCH/late/" "$SCRATCH/listed"; then fail "the late tablespace is in the tar"; fi
recover_copy=("${as_server[@]}" pitr-recover --backup-dir="$BASE" --data-dir="$SCRATCH/data/copy" --only-wal
  --tablespace-root="$SCRATCH/data/spaces")
# The WAL is in the backup alone; what it makes is seen there, too.
assert_fails 2 "${recover_copy[@]}" --plan
assert_contains "$SCRATCH/said" "creates tablespace $(sql "SELECT oid FROM pg_tablespace WHERE spcname = 'late'") in $SCRATCH/late"
stop
mv "$SCRATCH/late" "$SCRATCH/late.original"
"${as_server[@]}" mkdir "$SCRATCH/late"
"${recover_copy[@]}"
DATA=$SCRATCH/data/copy
start
wait_for_promotion
assert_eq "100 100" "$(sql "SELECT (SELECT count(*) FROM e) || ' ' || (SELECT count(*) FROM l)")" "rows of both tablespaces"
