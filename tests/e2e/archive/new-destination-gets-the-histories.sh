#!/bin/bash
# A destination that is added when the server has changed its timeline gets the timeline histories that were archived
# before it was there: without them its WAL is of no use. So does one that --init marks.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
switch_wal >/dev/null
stop
"${as_server[@]}" touch "$DATA/recovery.signal"
printf "restore_command = 'pitr-restore -s %s %%f %%p'\nrecovery_target_action = promote\n" "$ARCHIVE" >>"$DATA/postgresql.conf"
start
wait_until '[ "$(sql "SELECT pg_is_in_recovery()")" = f ]' 60
switch_wal >/dev/null
name=$(switch_wal)
segment=${name%%.*}
wait_until '[ -e "$DATA/pg_wal/archive_status/$segment.done" ]' 60
[[ $segment = 00000002* ]] || fail "$segment is not of timeline 2"

mkdir "$SCRATCH/second" "$SCRATCH/third"
pitr-archive -D "$DATA" -dl "zstd=$SCRATCH/second" -s "$SCRATCH/state" --batch-size 1 "pg_wal/$segment" 2>"$SCRATCH/said" ||
  fail "$(cat "$SCRATCH/said")"
[ -e "$SCRATCH/second/$segment.zst" ] || fail "$segment is not in the second archive"
assert_eq "$(cat "$DATA/pg_wal/00000002.history")" "$(zstd -dcq "$SCRATCH/second/00000002.history.zst")" "the history there"
pitr-archive --init -D "$DATA" -dl "$SCRATCH/third" -s "$SCRATCH/state"
cmp "$DATA/pg_wal/00000002.history" "$SCRATCH/third/00000002.history"

# What is there already is left alone, in whatever codec.
pitr-archive --init -D "$DATA" -dl "$SCRATCH/second" -s "$SCRATCH/other-state"
assert_eq 1 "$(find "$SCRATCH/second" -name '00000002.history*' | wc -l)" "histories in the second archive"
stop
