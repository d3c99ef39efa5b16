#!/bin/bash
# pitr-sync copies a standby, with the WAL of the copy from the archive; the new standby, which finds no primary, follows by
# the archive alone.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"
. "$(dirname "$0")/../sshd.inc"
. "$(dirname "$0")/sync.inc"

synchronise() {
  pitr-sync --host="$STANDBY_HOST" --username=postgres --port="$PGPORT" --data-dir="$STANDBY" --ssh-path="$SSH" \
    --log="$SCRATCH/pitr/log/sync.log" --verbose --automatic --standby --primary-conninfo "host=$SCRATCH/nowhere" \
    --output "$HOST:$FAR/second" --source "zstd=$ARCHIVE" --wal-source "zstd=$ARCHIVE"
}

new_pair
make_sshd
sql "CREATE TABLE t AS SELECT generate_series(1, 100000) AS n"
switch_wal >/dev/null
wait_for_replay

# A login by ssh has a PATH of its own.
assert_fails 1 synchronise
assert_contains "$SCRATCH/said" "it has no pitr-restore"
stop_sshd
echo "SetEnv PATH=$PATH" >>"$SCRATCH/sshd/sshd_config"
start_sshd
synchronise
pg_ctl -D "$STANDBY" -s -m fast stop
sql "INSERT INTO t VALUES (0)"
switch_wal >/dev/null

STANDBY_HOST=$SCRATCH/second
start_copy "$FAR/second" "$STANDBY_HOST"
wait_until '[ "$(standby_sql "SELECT format('\''%s %s'\'', count(*), pg_is_in_recovery()) FROM t")" = "100001 t" ]' 60
pg_ctl -D "$FAR/second" -s -m immediate stop
stop immediate
