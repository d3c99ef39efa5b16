#!/bin/bash
# The checks of pitr-monitor that ask no server: logs, the spool, the staging directory, drills, free space; and the typical
# mistakes on its command line.
. "$(dirname "$0")/../harness.sh"

mkdir -p "$TMPDIR" "$ARCHIVE" "$BASE" "$SCRATCH/pitr/log" "$SCRATCH/spool/db2" "$STATE"
assert_value() { # WANTED CHECK [OPTIONS...]
  local status=0 found
  found=$(pitr-monitor -c "${@:2}" 2>"$SCRATCH/said") || status=$?
  [ "$status" -lt 3 ] || fail "$2: $(cat "$SCRATCH/said")"
  assert_eq "$1" "$found" "$2"
}

# errors: two real ones, and one of a day that is over.
export TZ=Europe/Berlin
log=(-l "$SCRATCH/pitr/log/archive-^Y-^m-^d.log")
mkdir "$SCRATCH/data"
for _ in 1 2; do
  assert_fails 1 pitr-archive -D "$SCRATCH/data" -dl "$SCRATCH/unmounted" "${log[@]}" 000000010000000000000001
done
# It is two files when midnight has come in between.
wanted=$(cat "$SCRATCH"/pitr/log/archive-*.log | grep -cE ' : (ERROR|FATAL) : ')
echo "2009-12-24 15:45:32.123456 +0100 : 1 : omnipitr-archive : FATAL : old" >"$SCRATCH/pitr/log/archive-2009-12-24.log"
[ "$wanted" -ge 2 ] || fail "pitr-archive has logged $wanted errors"
assert_value "$wanted" errors "${log[@]}"
assert_value "$wanted" errors "${log[@]}" --from -300
assert_value "$wanted" errors "${log[@]}" --from 300
assert_value "$wanted" errors "${log[@]}" --from "2009-12-24 15:45:33" --state-dir "$STATE"
assert_fails 1 pitr-monitor -c errors "${log[@]}"
touch -d '2009-12-24 15:45:32' "$SCRATCH/pitr/log/archive-2009-12-24.log"
assert_value $((wanted + 1)) errors "${log[@]}" --from "2009-12-24 15:45:32"
assert_value 0 errors "${log[@]}" --from "$(date -d '+1 hour' '+%Y-%m-%d %H:%M:%S')"
# What logrotate has put aside counts. Of a program that has not run yet nothing can be counted, unless its directory is
# not there.
for name in .1 -20261122; do
  date "+%F %T.000000 %z : 1 : pitr-base : ERROR : a" >"$SCRATCH/pitr/log/base.log$name"
done
gzip -c "$SCRATCH/pitr/log/base.log.1" >"$SCRATCH/pitr/log/base.log.2.gz"
assert_value 3 errors -l "$SCRATCH/pitr/log/base.log"
assert_value 0 errors -l "$SCRATCH/pitr/log/restore-^Y.log"
assert_contains <(pitr-monitor -c errors -l "$SCRATCH/pitr/log/restore-^Y.log" --format text) "nothing has been logged"
assert_fails 3 pitr-monitor -c errors -l "$SCRATCH/unmounted/restore-^Y.log"
assert_contains "$SCRATCH/said" "no such directory"
assert_fails 3 pitr-monitor -c errors "${log[@]}" --from yesterday
assert_contains "$SCRATCH/said" "YYYY-MM-DD HH:MM:SS"

# spool-queue
assert_value 0 spool-queue --spool-dir "$SCRATCH/spool"
touch "$SCRATCH/spool/db2/00000001000000000000000"{7,8}.zst "$SCRATCH/spool/db2/000000010000000000000009.zst.tmp.1" \
  "$SCRATCH/spool/notes.txt"
assert_value 2 spool-queue --spool-dir "$SCRATCH/spool"
assert_fails 2 pitr-monitor -c spool-queue --spool-dir "$SCRATCH/spool" --critical 1
assert_fails 3 pitr-monitor -c spool-queue --spool-dir "$SCRATCH/unmounted/spool"

# staging-stale: left by a dead backup, used by a living one
assert_value 0 staging-stale --xlogs "$STAGING"
mkdir "$STAGING"
assert_value 0 staging-stale --xlogs "$STAGING/" # a standing one
touch "$STAGING/pitr-base.lock"
assert_value 1 staging-stale --xlogs "$STAGING/"
assert_fails 1 pitr-monitor -c staging-stale --xlogs "$STAGING"
background python3 -c 'import fcntl, pathlib, signal, sys
lock = open(sys.argv[1], "r+")
fcntl.lockf(lock, fcntl.LOCK_EX)
pathlib.Path(sys.argv[2]).touch()
signal.pause()' "$STAGING/pitr-base.lock" "$SCRATCH/locked"
wait_until '[ -e "$SCRATCH/locked" ]' 20
assert_value 0 staging-stale --xlogs "$STAGING"
kill_background
assert_value 1 staging-stale --xlogs "$STAGING"
assert_fails 3 pitr-monitor -c staging-stale --xlogs "$SCRATCH/unmounted/staging"

# drill-age
assert_value inf drill-age -s "$STATE"
assert_fails 1 pitr-monitor -c drill-age -b "$BASE"
printf 'Finished: %s\nBackup: b\nSeconds: 7\n' "$(date -u -d '-2 days' +%Y-%m-%dT%H:%M:%SZ)" >"$STATE/pitr-drill.last"
[[ $(pitr-monitor -c drill-age -s "$STATE") =~ ^17280[0-9]$ ]] || fail "drill-age $(pitr-monitor -c drill-age -s "$STATE")"
assert_fails 1 pitr-monitor -c drill-age -s "$STATE" --warning 1d
echo nonsense >"$STATE/pitr-drill.last"
assert_fails 3 pitr-monitor -c drill-age -s "$STATE"
assert_fails 3 pitr-monitor -c drill-age -s "$SCRATCH/unmounted"

# free-space; what is not there is not free
assert_fails 2 pitr-monitor -c free-space -a "$ARCHIVE" --critical 100.5:
assert_fails 3 pitr-monitor -c free-space -a "$ARCHIVE" -b "$SCRATCH/unmounted"

# Mistakes.
assert_fails 3 pitr-monitor -c archiv-queue
assert_contains "$SCRATCH/said" "did you mean archive-queue?"
assert_fails 3 pitr-monitor -c spool-queue -c free-space -a "$ARCHIVE" --spool-dir "$SCRATCH/spool" --critical 5
assert_contains "$SCRATCH/said" "--critical NAME=5"
assert_fails 3 pitr-monitor -c free-space -a "$ARCHIVE" --critical many
assert_contains "$SCRATCH/said" "is no range"
assert_fails 3 pitr-monitor -c free-space -a "$ARCHIVE" --critical drill-age=5d
assert_contains "$SCRATCH/said" "drill-age is not run"
assert_fails 3 pitr-monitor -c wal-gap
assert_contains "$SCRATCH/said" "--archive"
assert_fails 3 pitr-monitor -c last-backup-age -b "$SCRATCH/unmounted"
assert_fails 3 pitr-monitor --format nagios --check free-space --critical many
assert_contains "$SCRATCH/said" "PITR UNKNOWN - "
