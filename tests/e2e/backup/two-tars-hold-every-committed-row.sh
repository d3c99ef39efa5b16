#!/bin/bash
# versions: all
# B01: a cluster started from the data and the xlog tar alone has every row that was committed before the backup ended.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
load
sql "CREATE TABLE ledger (n int PRIMARY KEY)"

# Each row, and how far the WAL was on disk once its COMMIT was answered: two commands, two transactions.
write_ledger() {
  local n
  for ((n = 1; ; ++n)); do
    echo "$n $(psql -XAtq -c "INSERT INTO ledger VALUES ($n)" -c "SELECT pg_current_wal_flush_lsn()")"
  done >>"$SCRATCH/acknowledged"
}
background write_ledger

# The first and the last step of a backup are quick; slow compression makes room for rows in between.
wait_until '[ -s "$SCRATCH/acknowledged" ]' 20
backup --dst-local "gzip:9=$BASE" --parallel-jobs 1
after_the_backup=$(sql "SELECT max(n) FROM ledger")
wait_until '[ "$(sql "SELECT max(n) FROM ledger")" -gt "$after_the_backup" ]' 20
kill_background

start_lsn=$(lsn_number "$(meta Start-LSN)")
stop_lsn=$(lsn_number "$(meta Stop-LSN)")
last=0
during=0
while read -r n lsn; do
  lsn=$(lsn_number "$lsn")
  if [ "$lsn" -le "$stop_lsn" ]; then last=$n; fi
  if [ "$lsn" -gt "$start_lsn" ] && [ "$lsn" -le "$stop_lsn" ]; then during=$((during + 1)); fi
done < <(head -n "$after_the_backup" "$SCRATCH/acknowledged")
[ "$during" -gt 3 ] || fail "only $during rows were written while the backup ran: this proves nothing"

destroy
rm -rf "$ARCHIVE"
unpack "$SCRATCH/data"
configure "archive_mode = off"
start
assert_eq "$last" "$(sql "SELECT count(*) FROM ledger WHERE n <= $last")" "rows up to the last acknowledged one"
assert_load_adds_up
assert_indexes_are_sound
