#!/bin/bash
# B11: tablespaces go where they are mapped to, by name or below one directory; tablespace_map and the links agree, and
# the running cluster's tablespaces are not touched.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
fast=$SCRATCH/disk/fast slow="$SCRATCH/disk/slow and \\odd"
mkdir -p "$fast" "$slow" "$DATA/inside" "$SCRATCH/moved"
start
sql "CREATE TABLESPACE fast LOCATION '$fast'; "
sql "CREATE TABLESPACE slow LOCATION '$slow'"
sql "CREATE TABLE in_fast TABLESPACE fast AS SELECT generate_series(1, 1000) AS n"
sql "CREATE TABLE in_slow TABLESPACE slow AS SELECT generate_series(1, 2000) AS n"
oid_of_slow=$(sql "SELECT oid FROM pg_tablespace WHERE spcname = 'slow'")
backup
switch_wal >/dev/null
before=$(find "$fast" "$slow" -type f -printf '%p %s %T@\n' | sort)

# Without a mapping it would write into the tablespaces of the running server.
assert_fails 2 restore_into "$NEW"
assert_contains "$SCRATCH/said" "--tablespace $fast=DIR"
assert_fails 2 restore_into "$NEW" --tablespace="$fast/x=/tmp/y" --tablespace-root="$SCRATCH/moved"
assert_contains "$SCRATCH/said" "the backup has no tablespace there (it has "
# Nor into a directory of a running server, even an empty one.
mkdir "$fast/empty"
assert_fails 2 restore_into "$NEW" --tablespace="$fast=$fast/empty" --tablespace-root="$SCRATCH/moved"
assert_contains "$SCRATCH/said" "a server runs there"
rmdir "$fast/empty"
assert_absent "$NEW"

new_fast=$SCRATCH/moved/the\ fast
restore_into "$NEW" --tablespace="$fast=$new_fast" --tablespace-root="$SCRATCH/moved" --tablespace="$slow=$SCRATCH/moved/sl\\ow"
assert_eq "$before" "$(find "$fast" "$slow" -type f -printf '%p %s %T@\n' | sort)" "the files of the running server"
assert_eq "$SCRATCH/moved/sl\\ow" "$(readlink "$NEW/pg_tblspc/$oid_of_slow")" "the link"
assert_contains "$NEW/tablespace_map" "$oid_of_slow $SCRATCH/moved/sl\\\\ow"
stop
DATA=$NEW
start
wait_for_promotion
assert_eq "1000 2000" "$(sql "SELECT (SELECT count(*) FROM in_fast) || ' ' || (SELECT count(*) FROM in_slow)")" "rows"
assert_eq "$new_fast" "$(sql "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'fast'")" "where it is"
assert_eq "$before" "$(find "$fast" "$slow" -type f -printf '%p %s %T@\n' | sort)" "the files of the old server"
stop

restore_into "$SCRATCH/third/pg" --tablespace-root="$SCRATCH/all"
[ -d "$SCRATCH/all/$oid_of_slow" ] || fail "no tablespace below --tablespace-root"
