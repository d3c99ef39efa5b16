#!/bin/bash
# Configuration that Debian keeps outside the data directory: said where it was, kept below pitr-config, or put back to
# where it was, but never over a file that differs.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
etc=$SCRATCH/etc
mkdir -p "$etc"
mv "$DATA/postgresql.conf" "$DATA/pg_hba.conf" "$etc/"
printf '%s\n' "data_directory = '$DATA'" "hba_file = '$etc/pg_hba.conf'" "listen_addresses = ''" \
  "unix_socket_directories = '$PGHOST'" >>"$etc/postgresql.conf"
pg_ctl -D "$etc" -l "$DATA.log" -s -w -t 60 start
sql "CREATE TABLE step AS SELECT 1 AS n"
backup
switch_wal >/dev/null
stop
cp -a "$etc" "$SCRATCH/etc.was"

restore_into "$NEW" >"$SCRATCH/said"
assert_contains "$SCRATCH/said" "lay outside the data directory"
assert_contains "$SCRATCH/said" "  $etc/postgresql.conf ("
assert_absent "$NEW/postgresql.conf" "$NEW/pitr-config"
rm -rf "$NEW"
assert_fails 2 restore_into "$NEW" --start
assert_contains "$SCRATCH/said" "lies outside its data directory"
restore_into "$NEW" --config=keep
cmp "$NEW/pitr-config$etc/postgresql.conf" "$etc/postgresql.conf"
rm -rf "$NEW"

echo "# another" >>"$etc/pg_hba.conf"
assert_fails 2 restore_into "$NEW" --config=restore
assert_contains "$SCRATCH/said" "$etc/pg_hba.conf: it is there and differs"
assert_absent "$NEW"
rm -r "$etc"
restore_into "$NEW" --config=restore
diff -r "$SCRATCH/etc.was" "$etc"

# A drill has its own.
rm -rf "$NEW"
restore_into "$NEW" --start --isolated
assert_eq 1 "$(PGHOST=$NEW/pitr-socket sql "SELECT n FROM step")" "the step"
