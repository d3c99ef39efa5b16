#!/bin/bash
# pitr-sync --rsync that is cut, killed, or given up because its host is silent leaves what no server starts from; the next
# run sends what is missing. Files that are truncated or dropped meanwhile do no harm. An output whose rsync dies drops
# out, the other one is whole.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"
. "$(dirname "$0")/sync.inc"
PRIMARY=$DATA

synchronise() { # OPTIONS...
  pitr-sync --host="$PGHOST" --username=postgres --port="$PGPORT" --data-dir="$PRIMARY/" --automatic --rsync \
    --ssh-path="$SSH" --log="$SCRATCH/pitr/log/sync.log" --verbose "$@"
}
rsync_in() { # DIRECTORY: a process that writes there
  local pid
  for pid in $(pgrep -x rsync); do
    case $(readlink "/proc/$pid/cwd") in "$1" | "$1"/*) echo "$pid" && break ;; esac
  done
}
is_arriving() { compgen -G "$FAR/$1/${2%/*}/.${2##*/}.*" >/dev/null; } # OUTPUT FILE: as rsync calls it then
assert_no_backup_runs() {
  wait_until '[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = '\''pitr-sync'\''")" = 0 ]' 20
}
file_of() { sql "SELECT pg_relation_filepath('$1')"; } # TABLE

new_cluster --wal-segsize=1
make_sshd
mkdir -p "$SCRATCH/disk/space" "$FAR/disk"
start
for table in t truncated dropped; do sql "CREATE TABLE $table AS SELECT generate_series(1, 100000) AS n"; done
sql CHECKPOINT
truncated=$(file_of truncated)

background_status synchronise --output "$HOST:$FAR/one" --output "$HOST:$FAR/two" --max-rate 2M
wait_until "is_arriving one $truncated" 60
sql "TRUNCATE truncated"
sql "DROP TABLE dropped"
kill "$(rsync_in "$FAR/two")"
assert_background_status 5
assert_contains "$SCRATCH/pitr/log/sync.log" "$HOST:$FAR/two holds a part of a copy"
assert_starts_not "$FAR/two"

# Now with a tablespace, whose link is not there yet when its files come.
sql "CREATE TABLESPACE fast LOCATION '$SCRATCH/disk/space'"
sql "CREATE TABLE spaced TABLESPACE fast AS SELECT generate_series(1, 300000) AS n"
sql CHECKPOINT
to_two=(--output "$HOST:$FAR/two" --map "$SCRATCH/disk:$FAR/disk" --remote-timeout 5)
# What was cut leaves a file of that kind, too.
is_with_the_tablespace() { [ "$(rsync_in "$FAR/disk/space")" ] && compgen -G "$FAR/disk/space/PG_*/*/.*.*" >/dev/null; }

background_status synchronise "${to_two[@]}" --max-rate 2M
wait_until is_with_the_tablespace 60
stop_sshd
assert_background_status 1
assert_contains "$SCRATCH/pitr/log/sync.log" "$HOST:$FAR/two holds a part of a copy"
assert_starts_not "$FAR/two"
assert_no_backup_runs
start_sshd
inode=$(stat -c %i "$FAR/two/$(file_of t)")

background_status synchronise "${to_two[@]}" --max-rate 2M
wait_until is_with_the_tablespace 60
signal_sshd STOP
assert_background_status 1
assert_no_backup_runs
stop_sshd
start_sshd

background_status synchronise "${to_two[@]}" --max-rate 500k  # else what lives on would be done in time
wait_until is_with_the_tablespace 60
mapfile -t pids < <(processes_below "${background_pids[-1]}")
kill -KILL "${pids[1]}"  # pitr-sync itself
wait_until '! ps -p "$(IFS=,; echo "${pids[*]:2}")" >/dev/null' 10
assert_no_backup_runs
wait_until '[ -z "$(rsync_in "$FAR/disk/space")" ]' 20
assert_starts_not "$FAR/two"

synchronise "${to_two[@]}" >"$SCRATCH/plan"
assert_contains "$SCRATCH/plan" "update  $HOST:$FAR/two: an unfinished copy"
assert_eq "$inode" "$(stat -c %i "$FAR/two/$(file_of t)")" "a file that came with the first run"
stop
for DATA in "$FAR/one" "$FAR/two"; do
  start
  assert_eq "100000 0 f off" "$(sql "SELECT format('%s %s %s %s', (SELECT count(*) FROM t),
    (SELECT count(*) FROM truncated), pg_is_in_recovery(), current_setting('archive_mode'))")" "the copy"
  assert_eq "" "$(sql "SELECT to_regclass('dropped')")" "a table that was dropped"
  if [ "$DATA" = "$FAR/two" ]; then assert_eq 300000 "$(sql "SELECT count(*) FROM spaced")" "rows in the tablespace"; fi
  stop
done
