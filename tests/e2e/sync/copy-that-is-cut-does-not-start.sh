#!/bin/bash
# pitr-sync to two places at once: one whose tar dies drops out, the other one is whole, the status is 5. With the
# connection cut there is no copy at all, the slot is gone, the status is 1. What is left starts nowhere, and makes place
# for the next copy. A copy without --standby is a cluster of its own, which archives nothing.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"
. "$(dirname "$0")/sync.inc"
PRIMARY=$DATA

synchronise() { # OPTIONS...
  pitr-sync --host="$PGHOST" --username=postgres --port="$PGPORT" --data-dir="$PRIMARY/" --automatic \
    --ssh-path="$SSH" --log="$SCRATCH/pitr/log/sync.log" --verbose "$@"
}
tar_in() { # DIRECTORY: the process that unpacks there
  local pid
  for pid in $(pgrep -x tar); do
    if [ "$(readlink "/proc/$pid/cwd")" = "$1" ]; then echo "$pid"; fi
  done
}

new_cluster --wal-segsize=1
make_sshd
start
sql "CREATE TABLE t AS SELECT generate_series(1, 100000) AS n"

background_status synchronise --output "$HOST:$FAR/one" --output "$HOST:$FAR/two" --max-rate 4M --compress gzip
wait_until '[ -e "$FAR/two/base/1/1259" ]' 60
kill "$(tar_in "$FAR/two")"
assert_background_status 5
assert_contains "$SCRATCH/pitr/log/sync.log" "$HOST:$FAR/two holds a part of a copy"
assert_starts_not "$FAR/two"

background_status synchronise --output "$HOST:$FAR/two" --max-rate 4M --standby --slot far --remote-timeout 10
wait_until '[ -e "$FAR/two/base/1/1259" ] && [ "$(tar_in "$FAR/two")" ]' 60
stop_sshd
assert_background_status 1
assert_contains "$SCRATCH/pitr/log/sync.log" "$HOST:$FAR/two holds a part of a copy"
assert_starts_not "$FAR/two"
wait_until '[ "$(sql "SELECT count(*) FROM pg_replication_slots")" = 0 ]' 20
wait_until '[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = '\''pitr-sync'\''")" = 0 ]' 20

# Neither is a directory of anything else touched.
start_sshd
mkdir "$FAR/letters"
touch "$FAR/letters/dear"
ln -s two "$FAR/link"
assert_fails 2 synchronise --output "$HOST:$FAR/letters"
assert_contains "$SCRATCH/said" "neither empty nor a data directory"
assert_fails 2 synchronise --output "$HOST:$FAR/link"
assert_contains "$SCRATCH/said" "it is a symbolic link"
assert_eq dear "$(ls "$FAR/letters")" "letters"

synchronise --output "$HOST:$FAR/two" >"$SCRATCH/plan"
assert_contains "$SCRATCH/plan" "remove  $HOST:$FAR/two: an unfinished copy"
stop
for DATA in "$FAR/one" "$FAR/two"; do
  pg_verifybackup -q "$DATA"
  start
  assert_eq "100000 f off" \
    "$(sql "SELECT format('%s %s %s', count(*), pg_is_in_recovery(), current_setting('archive_mode')) FROM t")" "the copy"
  stop
done
