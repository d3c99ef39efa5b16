#!/bin/bash
# A drill looks at its copy and at nothing else, whatever the caller's environment and the cluster's databases are set to. Its
# server and its directory are gone also when --drill-dir is a symbolic link; what a drill that was killed has left, the next
# one stops and removes, and what cannot be removed is a finding. What it could not look at is not damaged.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"
sql "ALTER DATABASE postgres SET default_transaction_read_only = on"
PGOPTIONS="-c default_transaction_read_only=off" sql "UPDATE pg_database SET datallowconn = false WHERE datname = 'template1'"
backup
switch_wal >/dev/null
stop

mkdir "$SCRATCH/d"
ln -s d "$SCRATCH/l"
scratch=$SCRATCH/d
drill=(pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --drill --drill-dir "$SCRATCH/l" --bindir "$BIN")
processes() { # of drills: those that work in the scratch directory, removed or not, and their programs
  local link
  for link in /proc/[0-9]*/cwd; do
    [[ $(readlink "$link" || true) != "$scratch"/* ]] || echo "${link//[!0-9]/}"
  done
  pgrep -f -- "--data-dir=$scratch/" || true
}
assert_no_trace() {
  assert_eq "" "$(ls -A "$scratch")" "what the drill left"
  assert_eq "" "$(processes)" "processes of the drill"
}

# Each of these alone would lead the client or the server away from the copy.
PGHOSTADDR=127.0.0.1 PGPORT=5499 PGOPTIONS="-c no_such_setting=1" PGSERVICE=nowhere "${drill[@]}" >"$SCRATCH/said" 2>&1 ||
  fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" ": passed"
assert_contains "$SCRATCH/said" " indexes of 1 databases"
assert_no_trace

# SIGKILL while the checks run: server and directory stay behind, until the next drill.
echo "SELECT pg_sleep(100)" >"$SCRATCH/check.sql"
"${drill[@]}" --drill-sql "$SCRATCH/check.sql" >"$SCRATCH/said" 2>&1 &
pid=$!
# shellcheck disable=SC2034  # wait_until evaluates it
sleeping="SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
wait_until '[ "$(PGHOST=$(echo "$scratch"/*/s) psql -XAtqc "$sleeping" 2>/dev/null)" = 1 ]' 60
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
[ "$(processes)" ] || fail "the server of a drill that was killed is gone: nothing is left to test"
"${drill[@]}" >"$SCRATCH/said" 2>&1 || fail "$(cat "$SCRATCH/said")"
assert_no_trace

# SIGKILL while pitr-recover is at work: it goes on by itself.
"${drill[@]}" >"$SCRATCH/said" 2>&1 &
pid=$!
wait_until 'pgrep -f -- "--data-dir=$scratch/" >/dev/null' 60
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
"${drill[@]}" >"$SCRATCH/said" 2>&1 || fail "$(cat "$SCRATCH/said")"
assert_no_trace

# Two at a time do not touch each other's.
"${drill[@]}" --drill-sql "$SCRATCH/check.sql" >"$SCRATCH/said2" 2>&1 &
pid=$!
wait_until '[ "$(PGHOST=$(echo "$scratch"/*/s) psql -XAtqc "$sleeping" 2>/dev/null)" = 1 ]' 60
"${drill[@]}" >"$SCRATCH/said" 2>&1 || fail "$(cat "$SCRATCH/said")"
assert_eq 1 "$(PGHOST=$(echo "$scratch"/*/s) psql -XAtqc "$sleeping")" "sleepers of the other drill"
kill -TERM "$pid"
wait "$pid" || true
assert_no_trace

# What a drill left and nobody can remove: the directory, and not the backup, is named.
left=$scratch/pitr-drill.AAAAAA
mkdir -p "$left/data/base"
touch "$left/lock" "$left/data/base/1"
chmod 500 "$left/data/base"
assert_fails 1 "${drill[@]}"
assert_contains "$SCRATCH/said" "COULD NOT LOOK: $left: this scratch directory of a drill cannot be removed: "
chmod 700 "$left/data/base"
"${drill[@]}" >"$SCRATCH/said" 2>&1 || fail "$(cat "$SCRATCH/said")"
assert_no_trace

# Neither programs that are not there nor a scratch directory that is not there say anything of the backup.
verify=(pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --drill)
assert_fails 1 "${verify[@]}" --drill-dir "$scratch" --bindir /nonexistent
assert_contains "$SCRATCH/said" "COULD NOT LOOK: $BASE: the drill failed: "
assert_fails 1 "${verify[@]}" --drill-dir "$SCRATCH/nowhere"
assert_contains "$SCRATCH/said" "COULD NOT LOOK: $SCRATCH/nowhere: "
assert_fails 2 "${verify[@]}"
assert_contains "$SCRATCH/said" "--drill goes with --drill-dir DIR"
