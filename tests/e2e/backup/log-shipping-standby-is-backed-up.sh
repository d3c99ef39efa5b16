#!/bin/bash
# A standby that gets its WAL from the archive alone is copied although its primary is quiet and fills no segment. Its
# pg_control is read before the backup ends, because the label promises that replay to the end is enough.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"
command -v strace >/dev/null || { echo "strace is not installed"; exit 77; }

new_pair
"${as_server[@]}" pg_ctl -D "$STANDBY" -s -w stop
DATA=$STANDBY configure "primary_conninfo = ''" "wal_retrieve_retry_interval = 100ms" \
  "restore_command = 'pitr-restore -s $ARCHIVE -l $SCRATCH/pitr/log/restore.log %f %p'"
sed -i '/^primary_conninfo/d' "$STANDBY/postgresql.auto.conf"
"${as_server[@]}" pg_ctl -D "$STANDBY" -l "$STANDBY.log" -s -w -t 60 \
  -o "-c listen_addresses='' -c unix_socket_directories='$STANDBY_HOST' -c port=$PGPORT" start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"

# What is asked of the wrong server is no restartpoint of this standby.
assert_fails 2 backup_standby --host="$PGHOST" --call-master --standby-host="$PGHOST"
assert_contains "$SCRATCH/said" "it is no standby"

trace=$SCRATCH/trace
strace -f -s 300 -e trace=openat,sendto -o "$trace" bash -c '"$@"' bash \
  pitr-base --username=postgres --host="$PGHOST" --port="$PGPORT" --data-dir="$STANDBY/" --dst-local "zstd=$BASE/" \
  --source="$ARCHIVE" --temp-dir="$SCRATCH/pitr/tmp/" --log="$BACKUP_LOG" --verbose --call-master \
  --standby-host="$STANDBY_HOST" --standby-port="$PGPORT" --checkpoint-wait=60 --wal-timeout=60
read_at=$(grep -n 'global/pg_control' "$trace" | tail -n 1 | cut -d: -f1)
stopped_at=$(grep -nE 'pg_backup_stop|pg_stop_backup' "$trace" | grep sendto | tail -n 1 | cut -d: -f1)
[ "$read_at" -lt "$stopped_at" ] || fail "pg_control is read in line $read_at, the backup ends in line $stopped_at"

stop_pair
start_from_set
assert_eq 1000 "$(sql "SELECT count(*) FROM t")" "rows"
