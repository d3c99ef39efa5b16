#!/bin/bash
# pitr-monitor beside a standby: what it restores, and for how long, what primary and standby do not have in common.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"

value() { # CHECK [HOST]
  local status=0
  pitr-monitor -c "$1" -h "${2:-$STANDBY_HOST}" 2>"$SCRATCH/said" || status=$?
  [ "$status" -lt 3 ] || fail "$1: $(cat "$SCRATCH/said")"
}
start_standby() { # RESTORE_COMMAND
  printf '%s\n' "restore_command = '$1'" >>"$STANDBY/postgresql.conf"
  "${as_server[@]}" pg_ctl -D "$STANDBY" -l "$STANDBY.log" -s -w -t 60 \
    -o "-c listen_addresses='' -c unix_socket_directories='$STANDBY_HOST' -c port=$PGPORT" start
}

new_cluster
start
"${as_server[@]}" mkdir -p "$STANDBY_HOST"
"${as_server[@]}" pg_basebackup -D "$STANDBY" -c fast -X stream
touch "$STANDBY/standby.signal"
start_standby "pitr-restore -s $ARCHIVE %f %p"
name=$(switch_wal)
wait_until '[ -e "$STANDBY/pg_wal/archive_status/$name.done" ]' 60
[ "$(value last-restore-age)" -lt 60 ] || fail "last-restore-age $(value last-restore-age)"
touch -d '-2 hours' "$STANDBY"/pg_wal/archive_status/*
[ "$(value last-restore-age)" -ge 7200 ] || fail "last-restore-age $(value last-restore-age)"

# A standby leaves archiving to its primary: that is no alarm, and has no queue.
assert_eq 0 "$(value archiving-off)" "archiving-off of a standby"
assert_fails 3 pitr-monitor -c archive-queue -h "$STANDBY_HOST"
assert_contains "$SCRATCH/said" "in recovery"
assert_fails 3 pitr-monitor -c last-restore-age -h "$PGHOST"
assert_contains "$SCRATCH/said" "not in recovery"
# Without --check each gets the checks that have a meaning for it.
pitr-monitor -h "$PGHOST" >"$SCRATCH/primary"
pitr-monitor -h "$STANDBY_HOST" >"$SCRATCH/said"
assert_eq "archiving-off archive-queue current-archive-time last-archive-age" \
  "$(awk '{ print $2 }' "$SCRATCH/primary" | xargs)" "checks of the primary"
assert_eq "archiving-off last-restore-age current-restore-time" "$(awk '{ print $2 }' "$SCRATCH/said" | xargs)" \
  "checks of the standby"

# A restore_command that hangs.
"${as_server[@]}" pg_ctl -D "$STANDBY" -s -m fast stop
start_standby "[ ! -e $SCRATCH/hang ] || { touch $SCRATCH/hangs; while [ -e $SCRATCH/hang ]; do :; done; }; false"
touch "$SCRATCH/hang"
wait_until '[ -e "$SCRATCH/hangs" ]' 60
wait_until '[ "$(value current-restore-time)" -ge 2 ]' 60
# A delayed standby waits in its restore_command for hours, and all is well.
assert_eq "- -" "$(pitr-monitor --list | awk '$1 == "current-restore-time" { print $2, $3 }')" "thresholds"
assert_fails 2 pitr-monitor -c current-restore-time -h "$STANDBY_HOST" --critical 1 --format nagios
rm "$SCRATCH/hang"
wait_until '[ "$(value current-restore-time)" = 0 ]' 60

# Who may not see the processes of others cannot say that none of them hangs.
sql "CREATE ROLE nobody LOGIN"
assert_fails 3 pitr-monitor -c archive-queue -h "$PGHOST" -U nobody
assert_contains "$SCRATCH/said" "permission denied"
sql "GRANT pg_monitor TO nobody"
[ "$(pitr-monitor -c archive-queue -h "$PGHOST" -U nobody)" = 0 ] || fail "with pg_monitor"
stop_pair
