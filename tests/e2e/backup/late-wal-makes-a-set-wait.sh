#!/bin/bash
# WAL that is neither archived nor in pg_wal does not throw a finished copy away: the set waits (status 4), nothing takes
# it for a backup, and --finish completes it when the WAL has come.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"

base_of_late() { # OPTIONS...: a backup that looks for its WAL in a place that gets it late
  pitr-base --host="$PGHOST" --username=postgres --data-dir="$DATA" --dst-local "zstd=$BASE" --source "$SCRATCH/late" \
    --digest SHA-256,MD5 --filename-template '__HOSTNAME__-__FILETYPE__-1.tar__CEXT__' --wal-timeout 1 \
    --temp-dir="$SCRATCH/pitr/tmp" --log="$BACKUP_LOG" --verbose "$@"
}
finish() { # OPTIONS...
  pitr-base --finish "$set" --dst-local "zstd=$BASE" --temp-dir "$SCRATCH/pitr/tmp" --log="$BACKUP_LOG" --verbose "$@"
}

new_cluster
start
load
"${as_server[@]}" mkdir "$SCRATCH/late"
( status=0; base_of_late --max-rate 8M || status=$?; echo "$status" >"$SCRATCH/status" ) &
background_pids+=($!)
wait_until 'grep -qs "pg_backup_start(.*) returned" "$BACKUP_LOG"' 30
first=$(sed -n 's/.*pg_backup_start(.*|\(.*\)\./\1/p' "$BACKUP_LOG")
# Archived elsewhere, the server gives it up while the copy is still running.
wait_until 'switch_wal >/dev/null; sql CHECKPOINT; [ ! -e "$DATA/pg_wal/$first" ]' 30
assert_absent "$SCRATCH/status"
wait_until '[ -e "$SCRATCH/status" ]' 60
kill_background

assert_eq 4 "$(cat "$SCRATCH/status")" "the status"
assert_contains "$BACKUP_LOG" "WAL segment $first of this backup is neither archived nor in pg_wal"
set=$(sed -n 's/.*pitr-base --finish \([^ ]*\) .*/\1/p' "$BACKUP_LOG")
assert_eq "data waiting" "$(cd "$BASE" && printf '%s\n' * | sed 's/.*-\([a-z]*\)-1.*/\1/' | xargs)" "the files of the set"
assert_eq waiting "$(member waiting meta | sed -n 's/^State: //p')" "its state"
# Its names are taken.
assert_fails 1 base_of_late
assert_contains "$SCRATCH/said" "waiting-1.tar.zst exists"

# Not yet.
assert_fails 4 finish --source "$SCRATCH/late"
assert_contains "$BACKUP_LOG" "$first"
assert_eq 2 "$(find "$BASE" -type f | wc -l)" "files after an early --finish"
assert_fails 2 finish
assert_contains "$SCRATCH/said" "give --source"
assert_fails 2 pitr-base --finish "$(hostname)-data-2.tar" --dst-local "$BASE" --source "$ARCHIVE"
assert_contains "$SCRATCH/said" "no such backup"

# Nothing is done to a set whose data file is gone; the status never says that there is a backup.
data=$(part data)
mv "$data" "$SCRATCH/aside"
assert_fails 1 finish --source "$ARCHIVE"
assert_contains "$SCRATCH/said" "its data file is not there"
mv "$SCRATCH/aside" "$data"

# On another host just as well.
make_sshd
cp -r "$BASE" "$FAR/base"
pitr-base --finish "$set" --dst-remote "zstd=$HOST:$FAR/base" --ssh-path "$SSH" --temp-dir "$SCRATCH/pitr/tmp" \
  --source "$ARCHIVE"
assert_eq "MD5 SHA-256 data meta xlog" "$(cd "$FAR/base" && printf '%s\n' * | sed 's/.*-\([a-z]*\|MD5\|SHA-256\)-1.*/\1/' |
  sort | xargs)" "the files of the set on the other host"
(cd "$FAR/base" && sha256sum --quiet -c ./*-SHA-256-*)

# What a --finish leaves that is killed before its meta file, at the worst moment.
cp "$(part data)" "$(part data | sed s/-data-/-xlog-/)"
finish --source "$ARCHIVE"
assert_absent "$(part data | sed s/-data-/-waiting-/)"
assert_eq complete "$(meta State)" "the state of the finished set"
finish --source "$ARCHIVE" # is a matter of fact now
(cd "$BASE" && sha256sum --quiet -c ./*-SHA-256-* && md5sum --quiet -c ./*-MD5-*)
assert_eq 4 "$(cat "$(part SHA-256)" "$(part MD5)" | wc -l)" "lines of the digest files"
member meta index | grep '"set": "xlog"' >/dev/null || fail "the index does not know the xlog file"

destroy
unpack "$SCRATCH/data"
configure "archive_mode = off"
start
assert_load_adds_up
