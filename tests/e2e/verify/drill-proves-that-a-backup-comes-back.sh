#!/bin/bash
# pitr-verify --drill restores a backup, replays the WAL, checks indexes and runs the DBA's own SQL; it says how long that
# took, names what is wrong, and leaves nothing: no file, no server, not after SIGTERM either.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
space=$SCRATCH/fast_disk/space
mkdir -p "$space"
start
sql "CREATE TABLESPACE fast LOCATION '$space'"
sql "CREATE TABLE t (n int PRIMARY KEY) TABLESPACE fast"
sql "CREATE DATABASE other"
backup
sql "INSERT INTO t SELECT generate_series(1, 1000)"
sql "SELECT pg_create_restore_point('thousand')" >/dev/null
sql "INSERT INTO t SELECT generate_series(1001, 1500)"
switch_wal >/dev/null
# An index whose order is no more what it was.
sql "CREATE FUNCTION compare(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp(a, b)'" >/dev/null
sql "CREATE OPERATOR CLASS odd FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=,
  OPERATOR 5 >, FUNCTION 1 compare(int, int)"
sql "CREATE TABLE odd AS SELECT generate_series(1, 100) AS n"
sql "CREATE INDEX odd_index ON odd (n odd)"
sql "SELECT pg_create_restore_point('good')" >/dev/null
sql "CREATE OR REPLACE FUNCTION compare(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp(b, a)'"
switch_wal >/dev/null
stop

mkdir "$SCRATCH/d"
drill=(pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --drill --drill-dir "$SCRATCH/d" --bindir "$BIN")
count_is() { # NUMBER: SQL that fails unless t has so many rows
  echo "SELECT 1; DO \$\$ BEGIN IF (SELECT count(*) FROM t) <> $1 THEN RAISE 'not $1 rows'; END IF; END \$\$" >"$SCRATCH/check.sql"
}
assert_no_trace() {
  assert_eq "" "$(ls -A "$SCRATCH/d")" "what the drill left"
  local link
  for link in /proc/[0-9]*/cwd; do
    [[ $(readlink "$link" || true) != "$SCRATCH"/d/* ]] || fail "a process of the drill lives: $link"
  done
  assert_eq "" "$(find "$BASE" -name '*.lease')" "leases"
}

count_is 1500
"${drill[@]}" --target-name good --drill-sql "$SCRATCH/check.sql" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "drill $(basename "$(part data)" .gz): passed"
grep -qE "^  copy [0-9.]+ s, WAL replay [0-9.]+ s, checks [0-9.]+ s: [0-9]{3,} tables and [0-9]{3,} indexes of 3 databases$" "$SCRATCH/said" ||
  fail "no figures: $(cat "$SCRATCH/said")"
assert_no_trace
# pitr-monitor knows of it.
[[ $(pitr-monitor -c drill-age -b "$BASE") =~ ^[0-9]+$ ]] || fail "no record of the drill"
assert_contains "$BASE/pitr-drill.last" "Backup: $(basename "$(part data)" .gz)"

count_is 1000
"${drill[@]}" --target-name thousand --drill-sql "$SCRATCH/check.sql" --format json >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
python3 -c 'import json, sys
drill = json.load(sys.stdin)["drill"]
assert drill["passed"] and drill["copy_seconds"] > 0 and drill["indexes"] > 100, drill' <"$SCRATCH/said"

# The path of a socket is short.
deep=$SCRATCH/$(printf 'd%.0s' {1..90})
mkdir "$deep"
assert_fails 2 pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --drill --drill-dir "$deep"
assert_contains "$SCRATCH/said" "give a shorter --drill-dir"
assert_eq "" "$(ls -A "$deep")" "what the refused drill left"

# Its own SQL says no; an index is not in order.
record=$(cat "$BASE/pitr-drill.last")
count_is 7
assert_fails 3 "${drill[@]}" --target-name good --drill-sql "$SCRATCH/check.sql"
assert_contains "$SCRATCH/said" "DAMAGED: $SCRATCH/check.sql: "
assert_contains "$SCRATCH/said" "not 7 rows"
assert_eq "$record" "$(cat "$BASE/pitr-drill.last")" "the record after a drill that failed"
assert_fails 3 "${drill[@]}"
assert_contains "$SCRATCH/said" 'DAMAGED: database postgres, index public.odd_index: '
assert_contains "$SCRATCH/said" ": FAILED"
assert_no_trace

# A target that is not in the WAL, an unknown backup: the cause is named.
assert_fails 3 "${drill[@]}" --target-name nowhere
assert_contains "$SCRATCH/said" "the drill failed: "
assert_no_trace

# SIGTERM while the checks run.
echo "SELECT pg_sleep(100)" >"$SCRATCH/check.sql"
"${drill[@]}" --target-name good --drill-sql "$SCRATCH/check.sql" >"$SCRATCH/said" 2>&1 &
pid=$!
# shellcheck disable=SC2034  # wait_until evaluates it
sleeping="SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
wait_until '[ "$(PGHOST=$(echo "$SCRATCH"/d/*/s) psql -XAtqc "$sleeping" 2>/dev/null)" = 1 ]' 60
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
assert_eq 1 "$status" "status after SIGTERM"
assert_no_trace

# SIGTERM while WAL is replayed.
"${drill[@]}" >"$SCRATCH/said" 2>&1 &
pid=$!
wait_until 'ls "$SCRATCH"/d/*/data/postmaster.pid >/dev/null 2>&1' 60
kill -TERM "$pid"
wait "$pid" && fail "a drill that was ended has passed"
assert_no_trace

# A damaged backup.
size=$(stat -c %s "$(part data)")
printf 'XXXXXXXX' | dd of="$(part data)" bs=1 seek=$((size / 2)) conv=notrunc status=none
assert_fails 3 "${drill[@]}"
assert_contains "$SCRATCH/said" "DAMAGED: $BASE: the drill failed: "
assert_contains "$SCRATCH/said" "$(basename "$(part data)")"
assert_no_trace
