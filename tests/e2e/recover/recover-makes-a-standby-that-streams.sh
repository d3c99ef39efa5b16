#!/bin/bash
# --standby with --primary-conninfo lays out a standby that catches up from the archive and goes on by streaming.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"
. "$(dirname "$0")/../standby.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step AS SELECT 1 AS n"
backup
sql "INSERT INTO step VALUES (2)"
switch_wal >/dev/null

assert_fails 2 restore_into "$STANDBY" --standby --target-immediate
assert_contains "$SCRATCH/said" "it has no target"
restore_into "$STANDBY" --standby --primary-conninfo="host=$PGHOST port=$PGPORT user=postgres application_name='the standby'"
"${as_server[@]}" mkdir -p "$STANDBY_HOST"
"${as_server[@]}" pg_ctl -D "$STANDBY" -l "$STANDBY.log" -s -w -t 60 \
  -o "-c listen_addresses='' -c unix_socket_directories='$STANDBY_HOST' -c port=$PGPORT" start
wait_until '[ "$(sql "SELECT state FROM pg_stat_replication WHERE application_name = '\''the standby'\''")" = streaming ]' 60
sql "INSERT INTO step VALUES (3)"
wait_for_replay
assert_eq "1 2 3" "$(standby_sql "SELECT string_agg(n::text, ' ' ORDER BY n) FROM step")" "the steps in the standby"
stop_pair
