#!/bin/bash
# A standby that has a tablespace elsewhere than its primary: with --call-master it is stored under the path that the
# primary's tablespace_map has.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"

new_cluster
start
space=$SCRATCH/space
"${as_server[@]}" mkdir "$space" "$STANDBY_HOST"
sql "CREATE TABLESPACE fast LOCATION '$space'"
sql "CREATE TABLE t TABLESPACE fast AS SELECT generate_series(1, 10000) AS n"
oid=$(sql "SELECT oid FROM pg_tablespace WHERE spcname = 'fast'")
"${as_server[@]}" pg_basebackup -D "$STANDBY" -R -c fast -X stream -T "$space=$SCRATCH/elsewhere"
"${as_server[@]}" pg_ctl -D "$STANDBY" -l "$STANDBY.log" -s -w -t 60 \
  -o "-c listen_addresses='' -c unix_socket_directories='$STANDBY_HOST' -c port=$PGPORT" start

backup_standby --host="$PGHOST" --call-master --standby-host="$STANDBY_HOST"
assert_eq "$oid $space" "$(member data standby/tablespace_map)" "tablespace_map"
tar -tf "$(part data)" >"$SCRATCH/members"
grep -q "^tablespaces$space/PG_[0-9]*_[0-9]*/[0-9]*/[0-9]*$" "$SCRATCH/members" || fail "no file below tablespaces$space"
! grep -q "$SCRATCH/elsewhere" "$SCRATCH/members" || fail "the place of the standby is in the set"
stop_pair
mv "$space" "$space.old"
mv "$SCRATCH/elsewhere" "$SCRATCH/elsewhere.old"

start_with_space() { echo "$oid $SCRATCH/data/tablespaces$space" >"$DATA/tablespace_map"; }
start_from_set start_with_space
assert_eq 10000 "$(sql "SELECT count(*) FROM t")" "rows in the tablespace"
