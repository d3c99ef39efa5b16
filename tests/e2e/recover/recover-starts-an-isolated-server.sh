#!/bin/bash
# --start --isolated recovers beside the running original without a port, without archiving and without its settings;
# --start waits for a pause, a shutdown and an end of recovery. Leases come and go with it.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
configure "shared_preload_libraries = ''" "port = $PGPORT" "unix_socket_directories = '$PGHOST'" "listen_addresses = ''"
start
sql "CREATE TABLE step AS SELECT 1 AS n"
sql "ALTER SYSTEM SET shared_preload_libraries = 'there_is_no_such_library'"
backup
sql "INSERT INTO step VALUES (2)"
sql "SELECT pg_create_restore_point('after_2')" >/dev/null
sql "INSERT INTO step VALUES (3)"
switch_wal >/dev/null
archived_before=$(find "$ARCHIVE" -type f | sort)

name=$(basename "$(part data)" .gz)
# What the environment says of other servers is not for the copy.
PGPORT=5499 PGOPTIONS="-c no_such_setting=1" restore_into "$SCRATCH/copy" --start --isolated --target-name=after_2 >"$SCRATCH/said"
assert_contains "$SCRATCH/said" "socket $SCRATCH/copy/pitr-socket, port 5432"
assert_contains "$SCRATCH/said" "s to recover to restore point after_2"
in_copy() { PGHOST=$SCRATCH/copy/pitr-socket sql "$1"; }
assert_eq "1 2" "$(in_copy "SELECT string_agg(n::text, ' ' ORDER BY n) FROM step")" "the steps of the copy"
assert_eq "off  0 off" "$(in_copy "SELECT current_setting('archive_mode') || ' ' || current_setting('listen_addresses') || ' ' ||
  current_setting('max_logical_replication_workers') || ' ' || current_setting('ssl')")" "settings of the copy"
assert_eq 700 "$(stat -c %a "$SCRATCH/copy/pitr-socket")" "the mode of the socket's directory"
assert_absent "$BASE/$name".*.lease
in_copy "INSERT INTO step VALUES (4)"
in_copy "SELECT pg_switch_wal()" >/dev/null
"${as_server[@]}" pg_ctl -D "$SCRATCH/copy" -s stop
assert_eq "$archived_before" "$(find "$ARCHIVE" -type f | sort)" "what is archived"
assert_eq "1 2 3" "$(steps)" "the steps of the original"

stop

# Not isolated: the settings are the cluster's own. The lease ends on demand.
restore_into "$NEW" --target-name=after_2
assert_contains "$NEW/postgresql.auto.conf" there_is_no_such_library
assert_contains "$BASE/$name".*.lease "Data-Directory: $NEW"
pitr-recover -b "$BASE" -D "$NEW" --release
assert_absent "$BASE/$name".*.lease
assert_fails 2 pitr-recover -b "$BASE" -D "$NEW" --release
