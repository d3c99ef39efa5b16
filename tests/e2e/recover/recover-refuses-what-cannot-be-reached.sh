#!/bin/bash
# A target before the backup, behind the end of the archive or behind a gap, an unknown transaction and an unknown name
# are refused before anything is written, with the reason and how far recovery could go.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step AS SELECT 0 AS n"
before=$(sql "SELECT clock_timestamp() - interval '1 minute'")
backup
lsn_of_backup=$(meta Start-LSN)
for n in 1 2 3 4; do
  sql "INSERT INTO step VALUES ($n)"
  switch_wal >/dev/null
done
end=$(sql "SELECT pg_current_wal_lsn()")

assert_refused() { # TEXT OPTIONS...
  assert_fails 3 restore_into "$NEW" "${@:2}"
  assert_contains "$SCRATCH/said" "$1"
  assert_fails 3 restore_into "$NEW" --plan "${@:2}"
  assert_contains "$SCRATCH/said" "cannot be reached"
  assert_contains "$SCRATCH/said" "$1"
  assert_absent "$NEW"
}
assert_refused "the backup is consistent from " --target-time="$before"
assert_refused "the last commit is of " --target-time="$(sql "SELECT clock_timestamp() + interval '1 minute'")"
# The last commit's own time: recovery would look for a later one, and the server would not start.
last=$(sed -n 's/.*the last commit is of \([^;]*\);.*/\1/p' "$SCRATCH/said")
assert_refused "the last commit is of $last" --target-time="$last"
restore_into "$NEW" --plan --target-time="$last" --target-exclusive >/dev/null
assert_refused "the backup is consistent from " --target-lsn="$lsn_of_backup"
assert_refused "the archive ends with " --target-lsn="FF/0"
assert_refused "transaction 4000000 is not in the WAL behind the backup" --target-xid=4000000
assert_refused "restore point nowhere is not in the WAL" --target-name=nowhere

# Without a search nobody knows: --plan says so, and a restore is not refused.
assert_fails 1 restore_into "$NEW" --plan --no-search --target-name=nowhere
assert_contains "$SCRATCH/said" "cannot tell"
restore_into "$NEW" --plan >"$SCRATCH/plan"
assert_contains "$SCRATCH/plan" "target      latest: can be reached"

# A hole in the archive.
segments=("$ARCHIVE"/0000000100*)
hole=${segments[-3]##*/}
rm "${segments[-3]}"
assert_refused "segment ${hole%%.*} is missing, while " --target-lsn="$end"
assert_refused "segment ${hole%%.*} is missing, while "
restore_into "$NEW" --plan --target-immediate >/dev/null

# An archive that is not mounted, or of another cluster, is none.
mkdir "$SCRATCH/unmounted"
assert_fails 1 pitr-recover -b "$BASE" -s "$SCRATCH/unmounted" -D "$NEW"
assert_contains "$SCRATCH/said" "is its disk mounted?"
assert_fails 2 pitr-recover -b "$SCRATCH/unmounted" -s "$ARCHIVE" -D "$NEW"
assert_contains "$SCRATCH/said" "there is no complete backup in it"
assert_absent "$NEW"
