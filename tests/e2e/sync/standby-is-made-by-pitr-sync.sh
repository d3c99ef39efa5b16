#!/bin/bash
# pitr-sync makes a standby on another host that only has to be started: under load, with a tablespace elsewhere, kept up
# by a slot. What it must not touch it refuses before anything is done.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"
. "$(dirname "$0")/../sshd.inc"
. "$(dirname "$0")/sync.inc"
STANDBY=$FAR/standby

synchronise() { # OPTIONS...
  pitr-sync --host="$PGHOST" --username=postgres --port="$PGPORT" --data-dir="$DATA/" --temp-dir="$SCRATCH/pitr/tmp" \
    --ssh-path="$SSH" --log="$SCRATCH/pitr/log/sync.log" --verbose "$@"
}
start_standby() { start_copy "$STANDBY" "$STANDBY_HOST"; }
answering() { # ANSWER OPTIONS...: of somebody at a terminal
  declare -fx synchronise
  SHELL=/bin/bash SSH=$SSH DATA=$DATA script -qec "$(printf '%q ' synchronise "${@:2}")" /dev/null <<<"$1"
}
to_standby=(--output "$HOST:$STANDBY/" --map "$SCRATCH/disk:$FAR/disk" --standby --slot far)

new_cluster --wal-segsize=1
make_sshd
mkdir -p "$SCRATCH/disk/space" "$FAR/disk" "$SCRATCH/pitr/tmp"
start
load
sql "CREATE TABLESPACE fast LOCATION '$SCRATCH/disk/space'"
sql "CREATE TABLE t TABLESPACE fast AS SELECT generate_series(1, 10000) AS n"

# Nobody can be asked; nobody may be sent to the original's tablespace, or to a socket of another host.
assert_fails 2 synchronise --output "$HOST:$STANDBY"
assert_contains "$SCRATCH/said" "give --automatic"
assert_fails 2 synchronise --output "$HOST:$STANDBY" --standby --automatic
assert_contains "$SCRATCH/said" "it is the tablespace that is to be copied: give --map"
assert_fails 2 synchronise --output "other:$STANDBY" --map "$SCRATCH/disk:$FAR/disk" --standby --automatic
assert_contains "$SCRATCH/said" "give --primary-conninfo"
assert_fails 2 synchronise --output "$HOST:$DATA/below" --map "$SCRATCH/disk:$FAR/disk" --automatic
assert_contains "$SCRATCH/said" "it lies in the data directory"
assert_absent "$STANDBY" "$DATA/below" "$FAR/disk/space"
assert_eq 0 "$(sql "SELECT count(*) FROM pg_replication_slots")" "slots"

synchronise "${to_standby[@]}" --automatic --compress zstd >"$SCRATCH/plan"
assert_contains "$SCRATCH/plan" "write   $HOST:$STANDBY/: the data directory $DATA"
assert_absent "$STANDBY/pitr-sync.unfinished" "$STANDBY/tablespace_map"
pg_verifybackup -q "$STANDBY"
start_standby
wait_until '[ "$(sql "SELECT active FROM pg_replication_slots WHERE slot_name = '\''far'\''")" = t ]' 60
sql "INSERT INTO t VALUES (10001)"
stop_load
wait_for_replay
assert_eq 10001 "$(standby_sql "SELECT count(*) FROM t")" "rows in the standby's tablespace"
assert_eq "$(sql "SELECT count(*) FROM pgbench_history")" "$(standby_sql "SELECT count(*) FROM pgbench_history")" "rows"
oid=$(sql "SELECT oid FROM pg_tablespace WHERE spcname = 'fast'")
assert_eq "$FAR/disk/space" "$(readlink "$STANDBY/pg_tblspc/$oid")" "the standby's tablespace"

# A directory where a server runs stays as it is; the same slot is not for a second standby.
assert_fails 2 synchronise "${to_standby[@]}" --automatic
assert_contains "$SCRATCH/said" "a server runs in $STANDBY"
assert_eq f "$(standby_sql "SELECT NOT pg_is_in_recovery()")" "the standby has ended its recovery"
pg_ctl -D "$STANDBY" -s -m fast stop
assert_fails 2 synchronise "${to_standby[@]}" --automatic
assert_contains "$SCRATCH/said" "the server has a slot of this name"
[ -e "$STANDBY/global/pg_control" ] || fail "the old copy is gone, although no new one was made"

# What lies there makes place for the next copy.
sql "SELECT pg_drop_replication_slot('far')" >/dev/null
touch "$STANDBY/of_the_old_one"
assert_fails 1 answering yes "${to_standby[@]}"
assert_contains "$SCRATCH/said" "no YES: nothing was touched"
[ -e "$STANDBY/of_the_old_one" ] || fail "something was touched without a YES"
answering YES "${to_standby[@]}" >"$SCRATCH/plan"
assert_contains "$SCRATCH/plan" "remove  $HOST:$STANDBY/: a cluster of PostgreSQL"
assert_absent "$STANDBY/of_the_old_one"
start_standby
sql "INSERT INTO t VALUES (10002)"
wait_for_replay
assert_eq 10002 "$(standby_sql "SELECT count(*) FROM t")" "rows in the second standby"
pg_ctl -D "$STANDBY" -s -m immediate stop
stop immediate
