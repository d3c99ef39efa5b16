#!/bin/bash
# archive_cleanup_command: a standby that is fed from the archive lets pitr-cleanup remove what it has replayed, and
# nothing that it, a backup, or another timeline's history needs.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"

cleanup() { pitr-cleanup -a "zstd=$ARCHIVE" -D "$DATA" --log "$SCRATCH/pitr/log/cleanup.log" --verbose "$@"; }
segments() { find "$ARCHIVE" -name '0*' | wc -l; }

new_cluster
start
backup --dst-local "zstd=$BASE"
for _ in 1 2 3 4; do last=$(switch_wal); done
cp "$(find "$ARCHIVE" -name '000000010000000000000002.zst')" "$ARCHIVE/000000010000000000000002.partial.zst"
printf '1\t0/2000000\tno reason\n' >"$ARCHIVE/00000002.history"
touch "$ARCHIVE/000000010000000000000001.orig" "$ARCHIVE/notes.txt"
all=$(ls "$ARCHIVE")

# The typical mistakes.
assert_fails 2 cleanup
assert_contains "$SCRATCH/said" "%r"
assert_fails 2 cleanup pg_wal/000000010000000000000002
assert_fails 2 pitr-cleanup "$last"
assert_contains "$SCRATCH/said" "--archive"
assert_fails 1 pitr-cleanup -a "$SCRATCH/unmounted" "$last"
assert_fails 1 pitr-cleanup -a "$BASE" -D "$DATA" "$last" # no archive at all
assert_eq "$all" "$(ls "$ARCHIVE")" "the archive after refused calls"

# Paused, and only asked.
touch "$SCRATCH/paused"
cleanup -p "$SCRATCH/paused" "$last"
cleanup --dry-run "$last" >"$SCRATCH/would"
assert_contains "$SCRATCH/would" "000000010000000000000002.partial.zst would be removed"
assert_eq "$all" "$(ls "$ARCHIVE")" "the archive after a pause and a dry run"

# What a backup needs stays.
first=$(meta Min-Xlog)
cleanup --backup-dir "$BASE" "$last"
[ -e "$ARCHIVE/$first.zst" ] || fail "$first is gone, the backup needs it"
[ ! -e "$ARCHIVE/000000010000000000000001.zst" ] || fail "nothing was removed"
background backup --dst-local "zstd=$BASE" --filename-template '__HOSTNAME__-__FILETYPE__-2.tar__CEXT__' --max-rate 1M
wait_until 'compgen -G "$BASE/*-data-2.tar.zst.tmp.0" >"$SCRATCH/found"' 30
assert_fails 1 cleanup --backup-dir "$BASE" "$last"
assert_contains "$SCRATCH/said" "while a backup is written"
kill -TERM "$(cat "$SCRATCH/pitr/base_backup.pid")"
wait_until '[ ! -e "$SCRATCH/pitr/base_backup.pid" ]' 20
kill_background
assert_nothing_left
echo damaged >"$(part meta)"
assert_fails 1 cleanup --backup-dir "$BASE" "$last"
[ -e "$ARCHIVE/$first.zst" ] || fail "removed, although a backup could not be read"

# By the server itself.
configure "wal_keep_size = 0"
"${as_server[@]}" pg_basebackup -D "$STANDBY" -c fast -X none 2>/dev/null
touch "$STANDBY/standby.signal"
printf '%s\n' "restore_command = 'pitr-restore -s $ARCHIVE %f %p'" \
  "archive_cleanup_command = 'pitr-cleanup -a $ARCHIVE %r'" "recovery_target_timeline = current" >>"$STANDBY/postgresql.conf"
"${as_server[@]}" mkdir -p "$STANDBY_HOST"
"${as_server[@]}" pg_ctl -D "$STANDBY" -l "$STANDBY.log" -s -w -t 60 \
  -o "-c listen_addresses='' -c unix_socket_directories='$STANDBY_HOST' -c port=$PGPORT" start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"
sql CHECKPOINT
switch_wal >/dev/null
switch_wal >/dev/null
wait_until '[ "$(standby_sql "SELECT count(*) FROM pg_class WHERE relname = '\''t'\''")" = 1 ]' 60
wait_until 'standby_sql CHECKPOINT; [ ! -e "$ARCHIVE/$last.zst" ]' 30
[ -e "$ARCHIVE/00000002.history" ] || fail "a history file is gone"
for file in 000000010000000000000001.orig notes.txt; do [ -e "$ARCHIVE/$file" ] || fail "$file is gone"; done
[ "$(segments)" -gt 1 ] || fail "nothing is left"
! grep -q 'archive_cleanup_command.*failed' "$STANDBY.log" || fail "$(grep cleanup "$STANDBY.log")"
stop_pair
