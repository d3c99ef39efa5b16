#!/bin/bash
# WAL archive and backup are on another host, reached by ssh alone: recovery brings every row back. A host that cannot be
# reached is no end of the WAL: status 200; with a second source that has the file it is a warning (D21).
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"
. "$(dirname "$0")/../sshd.inc"

new_cluster --wal-segsize=1
make_sshd
start
load
backup
stop_load
row_count=$(sql "SELECT count(*) FROM pgbench_history")
segment=$(switch_wal)
destroy
mv "$ARCHIVE" "$FAR/wal"
mv "$BASE" "$FAR/base"
BASE=$HOST:$FAR/base ARCHIVE=$HOST:$FAR/wal
remote=(--ssh-path="$SSH" --remote-timeout=5)

pitr-recover -b "$BASE" --list "${remote[@]}" >"$SCRATCH/list" 2>"$SCRATCH/said"
assert_contains "$SCRATCH/list" "timeline 1"
assert_fails 2 restore_into "$NEW" "${remote[@]}" --rescue-wal="$HOST:/old"
assert_fails 1 restore_into "$NEW" --ssh-path=/bin/false
assert_absent "$NEW"
restore_into "$NEW" "${remote[@]}" --parallel-jobs=4
pg_verifybackup -n "$NEW"
assert_contains "$NEW/postgresql.auto.conf" "-s $ARCHIVE --ssh-path=$SSH --remote-timeout=5"
grep -q "Data-Directory: $NEW" "$FAR"/base/*.lease

ask() { # WAL-FILE SOURCE...: as the server does
  local source sources=()
  for source in "${@:2}"; do sources+=(--source "$source"); done
  rm -f "$SCRATCH/restored"
  pitr-restore --data-dir="$NEW" "${sources[@]}" "${remote[@]}" --retry-time=1 "$1" "$SCRATCH/restored"
}
ask "$segment" "dead:/wal" "$ARCHIVE" 2>"$SCRATCH/said"
assert_eq $((1 << 20)) "$(stat -c %s "$SCRATCH/restored")" "size of the segment"
assert_contains "$SCRATCH/said" "ssh dead"
assert_fails 200 ask "$segment" "dead:/wal" "dead:/other"
assert_fails 1 ask 0000000100000FFF00000000 "$ARCHIVE"
assert_fails 200 ask 0000000100000FFF00000000 "$ARCHIVE" "dead:/wal"
stop_sshd
assert_fails 200 ask "$segment" "$ARCHIVE"
assert_fails 200 ask 0000000100000FFF00000000 "$ARCHIVE"

# A standby asks again at once, and is not held up by a host that hangs; no ssh stays behind.
mv "$NEW/recovery.signal" "$NEW/standby.signal"
start_sshd
ask "$segment" "$ARCHIVE"
signal_sshd STOP
start_time=$SECONDS
assert_fails 2 ask "$segment" "$ARCHIVE"
[ $((SECONDS - start_time)) -lt 20 ] || fail "the standby was held up for $((SECONDS - start_time)) s"
wait_until '! pgrep -f "ssh -F $SCRATCH/sshd/ssh_config" >/dev/null' 60
signal_sshd CONT
mv "$NEW/standby.signal" "$NEW/recovery.signal"

DATA=$NEW
start
wait_for_promotion
assert_eq "$row_count" "$(sql "SELECT count(*) FROM pgbench_history")" "rows of pgbench_history"
assert_load_adds_up
