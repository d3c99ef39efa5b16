#!/bin/bash
# The server is process 1, as in a container without an init: whatever outlives a call is its child, and one that ends with
# another status than 0 and 1 makes it kill all sessions. It archives over ssh and into a spool for a dead host; in the end
# it has no strange child, and has not recovered.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"

unshare --user --pid --fork --mount-proc true 2>/dev/null || {
  echo "needs namespaces of processes and users"
  exit 77
}
SPOOL=$SCRATCH/pitr/spool
new_cluster --wal-segsize=1
make_sshd
mkdir "$FAR/wal"
# A master that is left behind would end soon.
sed -i '$a ControlPersist 1' "$SCRATCH/sshd/ssh_config"
sed -i 's/exec ssh/exec ssh -o ControlPersist=1/' "$SSH"
configure "archive_command = 'pitr-archive -dl zstd=$ARCHIVE -dr zstd=$HOST:$FAR/wal -dr dead:$FAR/dead --ssh-path $SSH \
  -s $STATE --require $ARCHIVE --require $HOST:$FAR/wal --spool-dir $SPOOL --remote-timeout 5 -v -l $ARCHIVE_LOG \"%p\"'" \
  "restart_after_crash = on"
unshare --user --map-current-user --pid --fork --kill-child --mount-proc postgres -D "$DATA" -c listen_addresses='' \
  -c unix_socket_directories="$PGHOST" -c port="$PGPORT" >"$DATA.log" 2>&1 &
namespace=$!
wait_until 'pg_isready -q' 60
server=$(pgrep -P "$namespace")
assert_eq postgres "$(ps -o comm= -p "$server")" "process 1 of the container"
started=$(sql "SELECT pg_postmaster_start_time()")
psql -XAtqc "SELECT pg_sleep(120)" >"$SCRATCH/session" 2>&1 &
session=$!
wait_until '[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '\''%pg_sleep(120)'\'' AND pid <> pg_backend_pid()")" = 1 ]' 20

for number in 1 2 3; do
  sql "CREATE TABLE t$number AS SELECT 1"
  name=$(switch_wal)
  wait_until '[ -e "$FAR/wal/$name.zst" ]' 60
done
wait_until '[ -n "$(find "$SPOOL" -name "0000000*")" ]' 20

# Every child of the server is one of its own.
strangers() { ps -o comm= --ppid "$server" | awk '$1 != "postgres"'; }
wait_until '[ -z "$(strangers)" ]' 60
kill -0 "$session" || fail "a session has ended: $(<"$SCRATCH/session")"
assert_eq "$started" "$(sql "SELECT pg_postmaster_start_time()")" "start of the server"
! grep -E "exited with exit code|terminating any other active|was terminated by signal" "$DATA.log" || fail "the server has crashed"
sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(120)' AND pid <> pg_backend_pid()" >/dev/null
wait "$session" || true
kill -INT "$server"
wait "$namespace" || true
