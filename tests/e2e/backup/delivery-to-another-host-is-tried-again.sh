#!/bin/bash
# A host that is off when the set is complete gets it at a later attempt, from the copy here, byte for byte. One that stays
# off makes the status 5, and the set is complete at the others.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"

deliver() { # PAUSE
  backup --dst-local "zstd=$BASE/" --dst-remote "zstd=$HOST:$FAR/backup/" --ssh-path="$SSH" --digest SHA-256 \
    --retry-pause "$1"
}

new_cluster --wal-segsize=1
make_sshd
mkdir "$FAR/backup"
start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"

stop_sshd
background_status deliver 5
wait_until 'grep -qs "the next attempt is in 5 s" "$BACKUP_LOG"' 120
start_sshd
assert_background_status 0
assert_contains "$BACKUP_LOG" "The set is complete in $HOST:$FAR/backup/."
assert_contains "$BACKUP_LOG" "Timer [Delivering to all remote destinations]"
diff -r "$BASE" "$FAR/backup"
[ "$(find "$FAR/backup" -name '*-SHA-256-*')" ] || fail "no digest file was delivered"

rm "$BASE"/* "$FAR"/backup/*
stop_sshd
assert_fails 5 deliver 0
assert_contains "$SCRATCH/said" "it lacks the set"
assert_eq "" "$(ls "$FAR/backup")" "files at the host that is off"
unpack "$SCRATCH/new"
assert_nothing_left
