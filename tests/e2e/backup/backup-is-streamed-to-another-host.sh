#!/bin/bash
# The remote walk: a backup streamed to another host, with nothing of it stored here, and the cluster back from there. What
# is given as the wrong kind of place is refused before anything is done.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"
. "$(dirname "$0")/../sshd.inc"

stream() { # OPTIONS...: the walk's pitr-base to the other host
  pitr-base --host="$PGHOST" --username=postgres --port="$PGPORT" --data-dir="$DATA/" --skip-xlogs \
    --temp-dir="$SCRATCH/pitr/tmp/" --pid-file="$SCRATCH/pitr/base_backup.pid" --log="$BACKUP_LOG" --verbose \
    --ssh-path="$SSH" "$@"
}

new_cluster --wal-segsize=1
make_sshd
mkdir "$FAR/backup" "$FAR/second"
start
load
assert_fails 2 stream --dst-direct "rsync://127.0.0.1/m/backup"
assert_contains "$SCRATCH/said" "--dst-remote"
assert_fails 2 stream --dst-local "$HOST:$FAR/backup"
assert_contains "$SCRATCH/said" "--dst-direct"
assert_fails 2 stream --dst-direct "$HOST:$FAR/backup/" --dst-remote "$HOST:$FAR/backup"
assert_fails 1 stream --dst-direct "$HOST:$FAR/is not there"
assert_contains "$SCRATCH/said" "no such directory"

stream --dst-direct "gzip=$HOST:$FAR/backup/"
assert_eq "" "$(find "$SCRATCH/backup" "$TMPDIR" "$SCRATCH/pitr/tmp" -type f ! -path "$ARCHIVE/*")" "files of it here"
gzip -t "$FAR"/backup/*-{data,meta}-*.tar.gz
assert_fails 1 stream --dst-direct "gzip=$HOST:$FAR/backup/"
assert_contains "$SCRATCH/said" "a backup of this name is there"

# Without a copy here --dst-remote is a stream, too.
stream --dst-remote "zstd=$HOST:$FAR/second/"
zstd -tq "$FAR"/second/*-{data,meta}-*.tar.zst

stop_load
row_count=$(sql "SELECT count(*) FROM pgbench_history")
switch_wal >/dev/null
destroy
"${as_server[@]}" mkdir -p "${NEW%/*}"
"${as_server[@]}" pitr-recover -b "$HOST:$FAR/backup/" -s "$ARCHIVE" -D "$NEW" --ssh-path="$SSH"
DATA=$NEW
start
wait_for_promotion
assert_eq "$row_count" "$(sql "SELECT count(*) FROM pgbench_history")" "rows of pgbench_history"
assert_load_adds_up
assert_indexes_are_sound
