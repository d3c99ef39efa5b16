#!/bin/bash
# A backup goes into a module of an rsync daemon: from the copy here, and without one by way of a copy that is removed in
# the end. pitr-recover and pitr-verify read it there.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
mkdir -p "$SCRATCH/module/base" "$SCRATCH/module/second" "$SCRATCH/daemon"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' "address = 127.0.0.1" "port = $port" "pid file = $SCRATCH/daemon/pid" "log file = $SCRATCH/daemon/log" \
  "use chroot = no" "[m]" "path = $SCRATCH/module" "read only = no" "[ro]" "path = $SCRATCH/module" >"$SCRATCH/daemon/conf"
setpriv --pdeathsig TERM rsync --daemon --no-detach --config="$SCRATCH/daemon/conf" &
wait_until '(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null' 20
far=rsync://127.0.0.1:$port

start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"
backup --dst-local "zstd=$BASE" --dst-remote "zstd=$far/m/base" --digest SHA-256
diff -r "$BASE" "$SCRATCH/module/base"
rm "$BASE"/*
pitr-base --host="$PGHOST" --username=postgres --data-dir="$DATA" --dst-remote "gzip=$far/m/second" --xlogs="$STAGING" \
  --temp-dir="$SCRATCH/pitr/tmp" --log="$BACKUP_LOG" --verbose
assert_eq "" "$(find "$BASE" "$SCRATCH/pitr/tmp" "$TMPDIR" -mindepth 1)" "what is left here"
assert_eq 3 "$(find "$SCRATCH/module/second" -type f | wc -l)" "files of the set"
assert_fails 1 backup --dst-remote "gzip=$far/ro/third" --dst-local "gzip=$BASE/is not there" --retry-pause 0
assert_eq "" "$(find "$SCRATCH/pitr/tmp" -mindepth 1)" "temporary files of a backup that failed"

destroy
pitr-verify -b "$far/ro/base" -a "$ARCHIVE" >"$SCRATCH/report"
pitr-verify -b "$far/ro/base" --quick >"$SCRATCH/report"
BASE=$far/ro/base
restore_into "$NEW" 2>"$SCRATCH/said"
# The module is read-only: no lease.
assert_contains "$SCRATCH/said" "retention is not told"
DATA=$NEW
start
wait_for_promotion
assert_eq 1000 "$(sql "SELECT count(*) FROM t")" "rows"
