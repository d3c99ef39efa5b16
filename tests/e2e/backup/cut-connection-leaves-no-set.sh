#!/bin/bash
# The connection to another host is cut in the middle of a backup: nothing stands under a final name there, the set is
# complete at the other destination, the status is 5. The next backup removes what was left.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"

new_cluster --wal-segsize=1
make_sshd
mkdir "$FAR/backup"
start
sql "CREATE TABLE t AS SELECT generate_series(1, 100000) AS n"

both() {
  backup --dst-local "gzip=$BASE/" --dst-direct "none=$HOST:$FAR/backup/" --ssh-path="$SSH" --remote-timeout 10 --max-rate "$1"
}
largest() { find "$FAR/backup" -name '*.tmp.*' -size +2M; }

background_status both 5M
wait_until '[ "$(largest)" ]' 60
stop_sshd
assert_background_status 5
assert_contains "$BACKUP_LOG" "this destination drops out"
[ "$(largest)" ] || fail "the killed host has left no temporary file: this proves nothing"
assert_eq "" "$(find "$FAR/backup" -type f ! -name '*.tmp.*')" "files under final names"
unpack "$SCRATCH/new"
assert_nothing_left

start_sshd
rm "$BASE"/*
both 1G
assert_eq 3 "$(find "$FAR/backup" -type f | wc -l)" "files at the other host, litter among them"
