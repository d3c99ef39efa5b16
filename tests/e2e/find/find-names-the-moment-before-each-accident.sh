#!/bin/bash
# A bad afternoon: a table dropped, one truncated, 15,000 of 20,000 rows deleted in a subtransaction, a partition detached
# and dropped, a table dropped that is younger than the backup, a database dropped. pitr-find names each, and each line
# that it prints, run as it is, brings back exactly what was there the moment before.
# versions: all
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
# Images of pages come compressed, as in many clusters.
configure "wal_compression = on" "autovacuum = off"
start
sql "CREATE DATABASE shop"
sql "CREATE DATABASE victim"
psql -XAtq -d victim -c "CREATE TABLE v AS SELECT 42 AS x"
export PGDATABASE=shop
sql "CREATE TABLE orders AS SELECT g AS n, md5(g::text) FROM generate_series(1, 1000) g"
sql "CREATE TABLE \"Audit; it's\" AS SELECT g AS n FROM generate_series(1, 500) g"
sql "CREATE SCHEMA store"
sql "CREATE TABLE store.bigone AS SELECT g AS n FROM generate_series(1, 20000) g"
sql "CREATE TABLE measurements (year int, n int) PARTITION BY LIST (year)"
sql "CREATE TABLE m_2025 PARTITION OF measurements FOR VALUES IN (2025)"
sql "CREATE TABLE m_2026 PARTITION OF measurements FOR VALUES IN (2026)"
sql "INSERT INTO measurements SELECT 2025 + g % 2, g FROM generate_series(1, 600) g"
sql "ANALYZE"
backup

state() { # of all tables of both databases
  local database
  for database in shop victim; do
    echo "$database: $(psql -XAtq -d "$database" -c "SELECT string_agg(c.oid::regclass || ' ' || (xpath('/row/c/text()', query_to_xml(
      format('SELECT count(*) || '' '' || md5(string_agg(t::text, '','' ORDER BY t::text)) AS c FROM %s t', c.oid::regclass),
      false, true, '')))[1], ', ' ORDER BY c.oid::regclass::text)
      FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE relkind IN ('r', 'p') AND nspname IN ('public', 'store')" 2>&1)"
  done
}

accidents=0
accident() { # SQL...: notes how things were before
  state >"$SCRATCH/state.$accidents"
  accidents=$((accidents + 1))
  psql -XAtq -v ON_ERROR_STOP=1 "${@/#/-c}"
  sql "INSERT INTO store.bigone VALUES (-$accidents)"
}
sql "CREATE TABLE younger AS SELECT g AS n FROM generate_series(1, 50) g"
accident "DROP TABLE orders"
accident "TRUNCATE \"Audit; it's\""
accident "BEGIN" "SAVEPOINT one" "DELETE FROM store.bigone WHERE n BETWEEN 1 AND 15000" "RELEASE one" "COMMIT"
sql "ALTER TABLE measurements DETACH PARTITION m_2025"
accident "DROP TABLE m_2025"
accident "DROP TABLE younger"
accident "DROP DATABASE victim"
# No accidents: what is rolled back, what is too few, and what is written anew.
psql -XAtq -c "BEGIN" -c "DROP TABLE measurements" -c "ROLLBACK"
psql -XAtq -c "BEGIN" -c "SAVEPOINT one" -c "DELETE FROM store.bigone" -c "ROLLBACK TO one" -c "COMMIT"
sql "DELETE FROM store.bigone WHERE n > 19500"
sql "VACUUM FULL store.bigone"
switch_wal >/dev/null
destroy

find_all() { "${as_server[@]}" pitr-find --archive="$ARCHIVE" --backup-dir="$BASE" --data-dir="$NEW" "$@"; }
find_all >"$SCRATCH/found"
wanted=("DROP TABLE shop.public.orders (about 1,000 rows)" "TRUNCATE shop.public.\"Audit; it's\" (about 500 rows)"
  "DELETE of 15,000 of about 20,000 rows in shop.store.bigone" "DROP TABLE shop.public.m_2025 (about 300 rows)"
  "DROP TABLE shop.public.younger" "DROP DATABASE victim")
diff <(printf '    %s\n' "${wanted[@]}") <(grep -E '^    [A-Z]' "$SCRATCH/found") || fail "that is not what was done"

mapfile -t lines < <(sed -n 's/^    \(pitr-recover .*\)/\1/p' "$SCRATCH/found")
assert_eq $accidents "${#lines[@]}" "the lines that recover"
for ((i = 0; i < accidents; ++i)); do
  rm -rf "$NEW"
  mkdir -p "${NEW%/*}"
  bash -c "${lines[i]}" >"$SCRATCH/recover.out"
  DATA=$NEW
  start
  wait_for_promotion
  assert_eq "$(<"$SCRATCH/state.$i")" "$(state)" "what was there before: ${wanted[i]}"
  stop immediate
done

# What is written anew is shown on demand; other things can be asked for.
find_all --what=all --table=bigone >"$SCRATCH/found"
assert_contains "$SCRATCH/found" "shop.store.bigone was written anew"
find_all --what=update,delete --rows=100 >"$SCRATCH/found"
assert_contains "$SCRATCH/found" "DELETE of 500 of about 20,000 rows in shop.store.bigone"
find_all --database=victim >"$SCRATCH/found"
assert_eq "    DROP DATABASE victim" "$(grep -E '^    [A-Z]' "$SCRATCH/found")" "what was done to a database"
find_all --since="2001-01-01 00:00" --until="2001-01-02 00:00" >"$SCRATCH/found"
assert_contains "$SCRATCH/found" "Nothing of that kind was found."
find_all --format=json | python3 -c "import json, sys
found = json.load(sys.stdin)['transactions']
assert [t['events'][0]['what'] for t in found] == ['drop', 'truncate', 'delete', 'drop', 'drop', 'database'], found
assert all(t['recover'].startswith('pitr-recover ') for t in found), found"

# The whole WAL tells all names; without a backup there is no line to run.
pitr-find --archive="$ARCHIVE" >"$SCRATCH/found"
assert_contains "$SCRATCH/found" "DROP TABLE shop.public.orders"
assert_contains "$SCRATCH/found" "no backup that was looked at is older than LSN"
! grep -q pitr-recover "$SCRATCH/found" || fail "a line without a backup"

# Damage is said with file and LSN, and what was found before it is shown.
last=$(find "$ARCHIVE" -name '0*.zst' | sort | tail -n 1)
zstd -qd "$last" -o "$SCRATCH/segment"
printf 'xxxx' | dd of="$SCRATCH/segment" bs=1 seek=2000 conv=notrunc status=none
zstd -qf "$SCRATCH/segment" -o "$last"
assert_fails 3 pitr-find --archive="$ARCHIVE" --backup-dir="$BASE"
assert_contains "$SCRATCH/said" "The WAL could not be read further: $last"
assert_contains "$SCRATCH/said" "DROP TABLE shop.public.orders"
