#!/bin/bash
# A recovery along timeline 2 to a moment before 2 left 1: the history that PostgreSQL then writes says that 2 was left
# before it began. It is archived, restored, backed up, verified and followed; and pitr-recover, which knows on which
# timeline such a moment lies, recovers along that one by itself.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step (n int)"
backup
add_step() {
  sql "INSERT INTO step VALUES ($1)"
  sql "SELECT pg_create_restore_point('after_$1')" >/dev/null
}
lsn_on_1=$(sql "SELECT pg_current_wal_insert_lsn()")
switch_wal >/dev/null
add_step 1
add_step 2
switch_wal >/dev/null
destroy
# archive_command names the place.
NEW=$DATA

# The failover: timeline 2.
recover_to --as=primary
wait_for_promotion
add_step 3
moment_on_2=$(sql "SELECT now()")
add_step 4
switch_wal >/dev/null
wait_until 'archived 00000002.history' 30
stop immediate

# Back before it, along timeline 2: timeline 3.
recover_to --target-name=after_1 --target-timeline=2 --target-action=promote --as=primary
wait_for_promotion
assert_eq 1 "$(steps)" "the steps on timeline 3"
add_step 31
switch_wal >/dev/null
wait_until 'archived 00000003.history' 30
zstd -qdc "$ARCHIVE/00000003.history.zst" >"$SCRATCH/history"
mapfile -t ends < <(sed -nE 's/^[12]\t([^\t]+)\t.*/\1/p' "$SCRATCH/history")
[ "$(lsn_number "${ends[1]}")" -lt "$(lsn_number "${ends[0]}")" ] || fail "it does not go back: $(cat "$SCRATCH/history")"
mkdir "$SCRATCH/third"
backup --dst-local "zstd=$SCRATCH/third/"
pitr-verify --backup-dir "$SCRATCH/third" --archive "$ARCHIVE" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "0 findings"
destroy
NEW=$SCRATCH/new/pg

pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --deep >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "recoverable on timeline 3 from "
recover_to
wait_for_promotion
assert_eq "1 31" "$(steps)" "the steps along timeline 3"
stop

# Found where they lie: on timeline 1, that both others left, and on timeline 2.
timeline_of() { # OPTIONS: which timeline pitr-recover names to PostgreSQL
  rm -rf "$NEW"
  restore_into "$NEW" "$@" >>"$SCRATCH/recover.out"
  sed -n "s|^recovery_target_timeline = '\(.*\)'|\1|p" "$NEW/postgresql.auto.conf"
}
assert_eq 1 "$(timeline_of --target-name=after_1)" "the timeline of a restore point"
assert_eq 1 "$(timeline_of --target-lsn="$lsn_on_1")" "the timeline of an LSN"
assert_eq 3 "$(timeline_of --target-name=after_31)" "the timeline of a restore point on the latest"
# A copy follows none that comes up later; what takes the original's place does.
assert_eq 3 "$(timeline_of)" "the timeline without a target"
assert_eq latest "$(timeline_of --as=primary)" "the timeline without a target of what becomes the primary"
assert_eq 2 "$(timeline_of --target-time="$moment_on_2" --target-timeline=2)" "the timeline that was asked for"
