#!/bin/bash
# A primary dies by kill -9 with three segments that were never archived and a fourth that is not full. A delta restore
# in place, one into a new place with --rescue-wal, and one that is interrupted and run again as it says bring every
# committed row back. A directory without a pg_wal is no place to rescue from.
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

# A directory that is not mounted holds no WAL either.
mkdir "$SCRATCH/not-mounted"
for place in not-mounted not-there; do
  assert_fails 2 restore_into "$SCRATCH/none" --rescue-wal="$SCRATCH/$place"
  assert_contains "$SCRATCH/said" "there is no pg_wal in it"
done
assert_absent "$SCRATCH/none"

# Interrupted behind the rescue: the next run knows where the WAL is that is nowhere else any more.
cp -a "$BASE" "$SCRATCH/damaged"
data=("$SCRATCH"/damaged/*-data-*.tar.gz)
printf 'xxxx' | dd of="${data[0]}" bs=1 seek=$(($(stat -c %s "${data[0]}") / 2)) conv=notrunc status=none
DATA=$SCRATCH/data/again
cp -a "$SCRATCH/old" "$DATA"
BASE=$SCRATCH/damaged assert_fails 3 restore_into "$DATA" --delta
assert_contains "$SCRATCH/said" "run it again with --delta"
assert_eq "" "$(find "$DATA/pg_wal" -name '0000*')" "what is left in pg_wal"
rescued=("$DATA".pitr-rescue-*)
restore_into "$DATA" --delta >"$SCRATCH/again.out"
assert_contains "$SCRATCH/again.out" "WAL that no archive had is in ${rescued[0]}"
assert_all_steps

# Where it cannot be made durable nothing is touched.
touch "$SCRATCH/no-directory"
DATA=$SCRATCH/old
assert_fails 1 restore_into "$DATA" --delta --rescue-dir="$SCRATCH/no-directory/x"
assert_eq "$before" "$(find "$SCRATCH/old" -type f -printf '%p %s %T@\n' | sort)" "the old directory"
