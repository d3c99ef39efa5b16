#!/bin/bash
# A drill reads every table, with an index or without: a tuple that lies at a wrong place is a finding. Without amcheck it
# reads what can be read and says that it has not checked the indexes. Its record tells how much WAL was replayed.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE bare AS SELECT generate_series(1, 100) AS n"
sql "CREATE TABLE wide (n int, text text)"
sql "ALTER TABLE wide ALTER text SET STORAGE EXTERNAL"
sql "INSERT INTO wide SELECT 1, repeat('x', 100000)"
sql "CREATE MATERIALIZED VIEW seen AS SELECT * FROM bare"
sql "CREATE MATERIALIZED VIEW empty AS SELECT * FROM bare WITH NO DATA"
backup
stop
mkdir "$SCRATCH/d"
drill=(pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --drill --drill-dir "$SCRATCH/d")

"${drill[@]}" --bindir "$BIN" --target-immediate >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$BASE/pitr-drill.last" "Target: immediate"
pitr-monitor -c drill-age -b "$BASE" --format text >"$SCRATCH/said"
assert_contains "$SCRATCH/said" ", replayed immediate"

# PostgreSQL without amcheck: its programs find everything by where they lie.
mkdir -p "$SCRATCH/usr/lib/postgresql" "$SCRATCH/usr/share/postgresql"
major=$(basename "$(dirname "$BIN")")
cp -r "/usr/lib/postgresql/$major" "$SCRATCH/usr/lib/postgresql"
cp -r "/usr/share/postgresql/$major" "$SCRATCH/usr/share/postgresql"
rm "$SCRATCH/usr/share/postgresql/$major"/extension/amcheck*
without=$SCRATCH/usr/lib/postgresql/$major/bin
"${drill[@]}" --bindir "$without" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" ": passed, indexes not checked"
assert_contains "$SCRATCH/said" "note: database postgres: the extension amcheck is not installed"
grep -qE " [0-9]{2,} tables and 0 indexes of 2 databases$" "$SCRATCH/said" || fail "no figures: $(cat "$SCRATCH/said")"
assert_contains "$BASE/pitr-drill.last" "Target: all WAL"

# The first line pointer of a table without an index, and the toasted value of another, are not what they were; the pages have
# good checksums, as if a bug of the server had written them.
rm -r "${BASE:?}"/*
start
bare=$DATA/$(sql "SELECT pg_relation_filepath('bare')")
toast=$DATA/$(sql "SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE relname = 'wide'")
stop
pg_checksums -D "$DATA" --disable >/dev/null
printf '\x31\x9f\x38\x00' | dd of="$bare" bs=1 seek=24 conv=notrunc status=none
dd if=/dev/zero of="$toast" bs=8192 seek=1 count=1 conv=notrunc status=none
pg_checksums -D "$DATA" --enable >/dev/null
start
backup
stop
assert_fails 3 "${drill[@]}" --bindir "$BIN"
assert_contains "$SCRATCH/said" "DAMAGED: database postgres, table public.bare: block 0, line pointer 1: "
assert_contains "$SCRATCH/said" "DAMAGED: database postgres, table public.wide: "
assert_contains "$SCRATCH/said" ": FAILED"
assert_fails 3 "${drill[@]}" --bindir "$without"
assert_contains "$SCRATCH/said" "DAMAGED: database postgres, table public.wide: "
