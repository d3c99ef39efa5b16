#!/bin/bash
# After a recovery the cluster is on timeline 2: archiving goes on in the same archive, a backup bundles the history
# file, and that backup recovers to the last row.
. "$(dirname "$0")/harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t (n int)"
backup
sql "INSERT INTO t VALUES (1)"
switch_wal >/dev/null
destroy
recover
start
wait_for_promotion
assert_eq 1 "$(sql "SELECT count(*) FROM t")" "rows after the first recovery"
wait_until 'archived 00000002.history' 30

sql "INSERT INTO t VALUES (2)"
rm "$BASE"/*
backup
tar -tf "$(part xlog)" >"$SCRATCH/members"
assert_contains "$SCRATCH/members" "pg/pg_wal/00000002.history"
assert_eq "2 2" "$(meta Start-Timeline) $(meta Stop-Timeline)" "the timelines in meta"
sql "INSERT INTO t VALUES (3)"
switch_wal >/dev/null
destroy

recover "archive_mode = off"
start
wait_for_promotion
assert_eq "1 2 3" "$(sql "SELECT string_agg(n::text, ' ' ORDER BY n) FROM t")" "rows after the second recovery"
assert_eq 00000003 "$(sql "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")" "the new timeline"
