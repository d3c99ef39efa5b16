#!/bin/bash
# A primary dies by kill -9 with three segments that were never archived and a fourth that is not full. A delta restore
# in place, and one into a new place with --rescue-wal, bring every committed row back.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step (n int)"
backup
sql "INSERT INTO step VALUES (1)"
switch_wal >/dev/null
# From here on the archive takes nothing.
sql "ALTER SYSTEM SET archive_command = 'false'" >/dev/null
sql "SELECT pg_reload_conf()" >/dev/null
for n in 2 3 4; do
  sql "INSERT INTO step VALUES ($n)"
  sql "SELECT pg_switch_wal()" >/dev/null
done
sql "INSERT INTO step VALUES (5)"
read -r pid <"$DATA/postmaster.pid"
kill -KILL "$pid"
wait_for_end "$pid"
unarchived=$(find "$DATA/pg_wal/archive_status" -name '*.ready' | wc -l)
[ "$unarchived" -ge 3 ] || fail "$unarchived segments wait to be archived"
cp -a "$DATA" "$SCRATCH/old"

assert_all_steps() {
  start
  wait_for_promotion
  assert_eq "1 2 3 4 5" "$(steps)" "the steps"
  stop
}

# In place. The processes of the dead server end by and by.
deadline=$((SECONDS + 20))
until restore_into "$DATA" --delta >"$SCRATCH/delta.out" 2>&1; do
  [ "$SECONDS" -lt "$deadline" ] || fail "delta: $(cat "$SCRATCH/delta.out")"
  assert_contains "$SCRATCH/delta.out" "a server runs there"
  sleep 0.2
done
rescued=("$DATA".pitr-rescue-*/0000*)
[ "${#rescued[@]}" -ge 4 ] || fail "${#rescued[@]} segments were rescued"
assert_contains "$DATA/postgresql.auto.conf" "-s $DATA.pitr-rescue-"
assert_all_steps

# Into a new place, to the moment between; the old directory stays as it is.
before=$(find "$SCRATCH/old" -type f -printf '%p %s %T@\n' | sort)
rm -rf "$NEW"
restore_into "$NEW" --rescue-wal="$SCRATCH/old" --rescue-dir="$SCRATCH/rescue"
assert_eq "$before" "$(find "$SCRATCH/old" -type f -printf '%p %s %T@\n' | sort)" "the old directory"
DATA=$NEW
assert_all_steps

# Where it cannot be made durable nothing is touched.
touch "$SCRATCH/no-directory"
DATA=$SCRATCH/old
assert_fails 1 restore_into "$DATA" --delta --rescue-dir="$SCRATCH/no-directory/x"
assert_eq "$before" "$(find "$SCRATCH/old" -type f -printf '%p %s %T@\n' | sort)" "the old directory"
