#!/bin/bash
# versions: all
# B11: a tablespace outside the data directory is in the backup under its path, by a link that works where it is unpacked.
. "$(dirname "$0")/../harness.sh"

new_cluster
space=$SCRATCH/fast_disk/space
mkdir -p "$space"
start
sql "CREATE TABLESPACE fast LOCATION '$space'"
sql "CREATE TABLE t TABLESPACE fast AS SELECT generate_series(1, 10000) AS n"
oid=$(sql "SELECT oid FROM pg_tablespace WHERE spcname = 'fast'")
backup
destroy

tar -tf "$(part data)" >"$SCRATCH/members"
grep -q "^tablespaces$space/PG_[0-9]*_[0-9]*/[0-9]*/[0-9]*$" "$SCRATCH/members" || fail "no file below tablespaces$space"
unpack "$SCRATCH/new"
link=$(readlink "$SCRATCH/new/pg/pg_tblspc/$oid")
[[ $link != /* ]] || fail "the link of the tablespace is absolute: $link"
[ "$(realpath "$SCRATCH/new/pg/pg_tblspc/$oid")" = "$(realpath "$SCRATCH/new/tablespaces$space")" ] ||
  fail "the link of the tablespace leads to $link"
assert_eq "$oid $space" "$(cat "$SCRATCH/new/pg/tablespace_map")" "tablespace_map"

# As the README says: the new place goes into tablespace_map before the first start.
mv "$space" "$space.old"
DATA=$SCRATCH/new/pg
echo "$oid $SCRATCH/new/tablespaces$space" >"$DATA/tablespace_map"
configure "archive_mode = off"
start
assert_eq 10000 "$(sql "SELECT count(*) FROM t")" "rows in the tablespace"
assert_absent "$space"
