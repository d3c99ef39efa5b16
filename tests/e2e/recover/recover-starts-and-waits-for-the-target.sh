#!/bin/bash
# --start waits until recovery pauses at the target, shuts down there, ends, or until a standby takes queries; a server
# that dies on the way is an error with the end of its log.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1 --allow-group-access
configure "port = $PGPORT" "unix_socket_directories = '$PGHOST'" "listen_addresses = ''"
start
sql "CREATE TABLE step AS SELECT 1 AS n"
backup
sql "SELECT pg_create_restore_point('after_1')" >/dev/null
sql "INSERT INTO step VALUES (2)"
switch_wal >/dev/null
stop
name=$(basename "$(part data)" .gz)
DATA=$NEW

recover_and_start() { # OPTIONS...
  rm -rf "$NEW"
  restore_into "$NEW" --start "$@" >"$SCRATCH/said"
}
recover_and_start --target-name=after_1
assert_eq "paused 1" "$(sql "SELECT pg_get_wal_replay_pause_state()") $(steps)" "at the pause"
compgen -G "$BASE/$name.*.lease" >/dev/null || fail "the lease has ended while recovery may go on"
stop
# As the original: its group may read it.
assert_eq "750 640" "$(stat -c %a "$NEW") $(stat -c %a "$NEW/base/1/1259")" "modes"

recover_and_start --target-name=after_1 --target-action=shutdown
assert_absent "$NEW/postmaster.pid"
assert_contains "$SCRATCH/said" "s to recover to restore point after_1"

recover_and_start
assert_eq "f 1 2" "$(sql "SELECT pg_is_in_recovery()") $(steps)" "at the end"
assert_absent "$BASE/$name".*.lease
stop

recover_and_start --standby
assert_eq "t 1 2" "$(sql "SELECT pg_is_in_recovery()") $(steps)" "in the standby"
stop

rm -rf "$NEW"
assert_fails 3 restore_into "$NEW" --start --no-search --target-name=nowhere
assert_contains "$SCRATCH/said" "the server ended before it was there"
assert_contains "$SCRATCH/said" "recovery ended before configured recovery target was reached"
