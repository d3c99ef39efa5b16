#!/bin/bash
# versions: all
# Every check of pitr-monitor has a value that follows the state of a real server, and a status that follows the value.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"

monitor() { pitr-monitor -b "$BASE" -a "$ARCHIVE" -x "$STAGING" "$@"; }
value() { # CHECK...: the bare number
  local status=0
  monitor -c "$@" 2>"$SCRATCH/said" || status=$?
  [ "$status" -lt 3 ] || fail "$1: $(cat "$SCRATCH/said")"
}
assert_value() { assert_eq "$1" "$(value "${@:2}")" "$2"; } # WANTED CHECK...
assert_status() { # STATUS CHECK [OPTIONS...]: its exit status, and the first word that Nagios reads
  local status=0 words=(OK WARNING CRITICAL UNKNOWN)
  monitor -c "${@:2}" --format nagios >"$SCRATCH/page" 2>&1 || status=$?
  assert_eq "$1" "$status" "status of $2: $(cat "$SCRATCH/page")"
  [[ $(head -n 1 "$SCRATCH/page") == "PITR ${words[$1]} - $2"*"| $2="* ]] || fail "$(cat "$SCRATCH/page")"
}

new_cluster
start
sql "CREATE TABLE t (n int)"

# Nothing has happened yet.
assert_value inf last-backup-age
assert_status 2 last-backup-age
assert_value 0 backup-size
assert_status 2 backup-size
assert_status 3 wal-gap # neither a marker nor WAL: is it mounted?
assert_status 2 recovery-window # whatever the archive holds: there is no backup
assert_value 0 archiving-off

switch_wal >/dev/null
backup --dst-local "zstd=$BASE"
for _ in 1 2 3; do last=$(switch_wal); done
wait_until '[ "$(value archive-queue)" = 0 ]' 30

# All is well.
assert_status 0 archive-queue
assert_value 0 current-archive-time
[ "$(value last-archive-age)" -lt 100 ] || fail "last-archive-age $(value last-archive-age)"
[ "$(value last-backup-age)" -lt 100 ] || fail "last-backup-age $(value last-backup-age)"
assert_status 0 last-backup-age
assert_eq "$(($(stat -c %s "$(part data)") + $(stat -c %s "$(part xlog)")))" "$(value backup-size)" "backup-size"
assert_value 0 wal-gap
assert_status 0 wal-gap
assert_status 0 free-space --warning 0: --critical 0:
assert_status 2 free-space --warning 100: --critical 100.5:
assert_value 0 staging-stale
# But nobody has ever tried to restore.
assert_fails 1 monitor --warning free-space=0: --critical free-space=0:
assert_eq drill-age "$(grep -v '^OK ' "$SCRATCH/said" | awk '{ print $2 }')" "$(cat "$SCRATCH/said")"

# Ages grow; the window is what lies between the backup and the newest WAL.
touch -d '+2 hours' "$ARCHIVE/$last.zst"
[ "$(value recovery-window)" -gt 7000 ] || fail "recovery-window $(value recovery-window)"
assert_status 0 recovery-window
touch "$ARCHIVE/$last.zst"

# Archiving fails: the queue grows, its oldest file waits.
sql "ALTER SYSTEM SET archive_command = 'false'" && sql "SELECT pg_reload_conf()" >/dev/null
for _ in 1 2 3; do
  sql "INSERT INTO t VALUES (1)" && sql "SELECT pg_switch_wal()" >/dev/null
done
wait_until '[ "$(value archive-queue)" = 3 ]' 30
wait_until '[ "$(value current-archive-time)" -ge 1 ]' 30
assert_status 0 archive-queue
assert_status 1 archive-queue --warning 2
assert_status 2 archive-queue --critical 2
assert_status 1 archive-queue --warning archive-queue=@3:4
assert_status 0 archive-queue --warning 3 --critical 3
assert_status 2 current-archive-time --critical 0.5s
assert_status 0 archiving-off

# WAL thrown away, archiving switched off.
sql "ALTER SYSTEM SET archive_command = '/bin/true'" && sql "SELECT pg_reload_conf()" >/dev/null
wait_until '[ "$(value archiving-off)" = 1 ]' 30
assert_status 2 archiving-off
sql "ALTER SYSTEM SET archive_mode = off" && sql "ALTER SYSTEM RESET archive_command"
stop
assert_status 3 archiving-off # a server that does not answer is not all right
assert_status 3 archive-queue
start
assert_status 2 archiving-off
assert_contains "$SCRATCH/page" "archive_mode is off"
assert_status 3 archive-queue # there is no queue, which is no good news
sql "ALTER SYSTEM RESET archive_mode"
stop
start
assert_status 0 archiving-off

# The 3 segments that /bin/true has thrown away are a hole; the window ends.
switch_wal >/dev/null
assert_value 3 wal-gap
assert_status 2 wal-gap
assert_value 0 recovery-window
assert_status 2 recovery-window
rm "$ARCHIVE/$last.zst"
assert_value 4 wal-gap
assert_status 1 wal-gap --critical 4 --warning 3
# A newer backup reaches the newest WAL. The older one goes on needing what is missing.
backup --dst-local "zstd=$BASE" -f '__HOSTNAME__-__FILETYPE__-^Y-^m-^d-second.tar__CEXT__'
switch_wal >/dev/null
assert_value 4 wal-gap
[ "$(value recovery-window)" -ge 1 ] || fail "recovery-window $(value recovery-window)"
find "$BASE" -name '*.tar.zst' ! -name '*-second.tar.zst' -delete
assert_value 0 wal-gap
