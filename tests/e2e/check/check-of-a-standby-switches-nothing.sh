#!/bin/bash
# pitr-check of a standby looks at everything, says that it cannot switch WAL, and leaves the primary alone.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"
. "$(dirname "$0")/check.inc"

new_pair
switch_wal >/dev/null
lsn=$(sql "SELECT pg_walfile_name(pg_current_wal_lsn())")
# The standby has its primary's archive_command.
of_the_primary="archive_command = 'pitr-archive -D $DATA -dl zstd=$ARCHIVE \"%p\"'"
DATA=$STANDBY configure "$of_the_primary"
standby_sql "SELECT pg_reload_conf()" >/dev/null
wait_until '[[ $(standby_sql "SHOW archive_command") == *-D* ]]' 20
DATA=$STANDBY PGHOST=$STANDBY_HOST assert_check 1
assert_line failed "archive_command: its --data-dir $DATA is not $STANDBY" "leave --data-dir out"
DATA=$STANDBY configure "archive_command = 'pitr-archive -dl $ARCHIVE \"%p\"'"
standby_sql "SELECT pg_reload_conf()" >/dev/null
wait_until '[[ $(standby_sql "SHOW archive_command") != *--data-dir* && $(standby_sql "SHOW archive_command") != *-D* ]]' 20
DATA=$STANDBY PGHOST=$STANDBY_HOST assert_check 0
assert_line ok "data directory: $STANDBY of cluster "
assert_line ok "archive_mode: on: this standby archives from its promotion on"
assert_line ok "$ARCHIVE: marked for this cluster"
assert_line warning "archiving: was not tried: the server is a standby" "run pitr-check on its primary"
assert_eq "$lsn" "$(sql "SELECT pg_walfile_name(pg_current_wal_lsn())")" "the primary's segment"
stop_pair
