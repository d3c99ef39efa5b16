#!/bin/bash
# Replay makes a tablespace where the original had it, whatever was mapped. So a tablespace that was made since the backup
# keeps a copy from being made on the original's host: --plan and pitr-recover say so beforehand. One that is made while
# pitr-recover is still copying is behind the end that the copy was given, and is not replayed.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step AS SELECT 1 AS n"
backup
space=$SCRATCH/space
make_space() { # production goes on in it: what is on its disk now is younger than what replay would write
  "${as_server[@]}" mkdir "$space"
  sql "CREATE TABLESPACE space LOCATION '$space'"
  sql "CREATE TABLE prod TABLESPACE space AS SELECT n, 'first' AS state FROM generate_series(1, 200) AS n"
  sql "SELECT pg_create_restore_point('first')" >/dev/null
  sql "UPDATE prod SET state = 'second'"
  sql "INSERT INTO prod SELECT n, 'third' FROM generate_series(201, 5000) AS n"
  sql "CHECKPOINT"
  switch_wal >/dev/null
}
sums() { find "$space" -type f -exec sha256sum {} + | sort; }

# Beside the original: nothing that pitr-recover makes may start replay into the tablespace of the server that runs.
sql "SELECT pg_create_restore_point('before')" >/dev/null
make_space
before=$(sums)
oid=$(sql "SELECT oid FROM pg_tablespace WHERE spcname = 'space'")
copy=(restore_into "$NEW" --target-action=promote --tablespace-root="$SCRATCH/moved")
assert_fails 2 "${copy[@]}" --target-name=first --plan
assert_contains "$SCRATCH/said" "creates     tablespace $oid in $space"
assert_contains "$SCRATCH/said" "the WAL creates tablespace $oid in $space (LSN "
for refused in "" --isolated --target-name=first "--as=primary --target-name=first"; do
  # shellcheck disable=SC2086  # words
  assert_fails 2 "${copy[@]}" $refused
  assert_contains "$SCRATCH/said" "the WAL creates tablespace $oid in $space (LSN "
  assert_absent "$NEW"
done
# A moment before it is free to go to, and what lies behind it is not replayed: a later target needs a new look.
"${copy[@]}" --target-name=before >"$SCRATCH/recover.out"
stop
DATA_OF_ORIGINAL=$DATA DATA=$NEW
start
wait_for_promotion
assert_eq 1 "$(steps)" "the steps of the copy"
stop
assert_eq "$before" "$(sums)" "the files of the original's tablespace"

# The same when only the tablespace's disk is left: it is named, and so is what to do with it.
DATA=$DATA_OF_ORIGINAL
mv "$DATA" "$DATA.lost"
assert_fails 2 restore_into "$DATA" --as=primary
assert_contains "$SCRATCH/said" "it is not empty"
assert_contains "$SCRATCH/said" "move"
mv "$space" "$space.kept"
assert_fails 2 restore_into "$DATA" --as=primary
assert_contains "$SCRATCH/said" "it is missing"
"${as_server[@]}" mkdir "$space"
restore_into "$DATA" --as=primary >"$SCRATCH/recover.out"
start
wait_for_promotion
assert_eq "200 second" "$(sql "SELECT count(*) || ' ' || min(state) FROM prod WHERE n <= 200")" "rows of the new tablespace"
sql "DROP TABLE prod"
sql "DROP TABLESPACE space"
rmdir "$space"

# A copy without a target, held up while it is written: then the tablespace is made.
rm -rf "${BASE:?}"/*
NEW=$SCRATCH/copy  # short enough for a socket
backup
sql "INSERT INTO step VALUES (2)"
last=$(switch_wal)
echo 50k >"$SCRATCH/rate"
restore_into "$NEW" --isolated --start --max-rate="$SCRATCH/rate" >"$SCRATCH/said" 2>&1 &
pid=$!
wait_until '[ -e "$NEW/pitr-recover.incomplete" ] || ! kill -0 "$pid" 2>/dev/null' 60
kill -0 "$pid" || fail "$(cat "$SCRATCH/said")"
make_space
before=$(sums)
kill -0 "$pid" || fail "pitr-recover has ended before the tablespace was made"
echo 1G >"$SCRATCH/rate"
wait "$pid" || fail "$(cat "$SCRATCH/said")"
assert_contains "$NEW/postgresql.auto.conf" " --until $last "
in_copy() { PGHOST=$NEW/pitr-socket sql "$1"; }
assert_eq "1 2" "$(in_copy "SELECT string_agg(n::text, ' ' ORDER BY n) FROM step")" "the steps of the copy"
assert_eq 0 "$(in_copy "SELECT count(*) FROM pg_tablespace WHERE spcname = 'space'")" "tablespaces of the copy"
"${as_server[@]}" pg_ctl -D "$NEW" -s stop
assert_eq "$before" "$(sums)" "the files of the original's tablespace"
