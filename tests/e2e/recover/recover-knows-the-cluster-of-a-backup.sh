#!/bin/bash
# Several clusters may keep their backups in one directory: the archive, or the old data directory, says which one is meant.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE step AS SELECT 1 AS n"
backup --filename-template="one-__FILETYPE__.tar__CEXT__"
switch_wal >/dev/null
stop
one=$DATA one_archive=$ARCHIVE
# The newest backup is another cluster's.
DATA=$SCRATCH/data/two ARCHIVE=$SCRATCH/backup/wal2
new_cluster --wal-segsize=1
start
backup --filename-template="two-__FILETYPE__.tar__CEXT__"
switch_wal >/dev/null
stop
two=$DATA
ARCHIVE=$one_archive
restore_into "$NEW" --plan >"$SCRATCH/said"
assert_contains "$SCRATCH/said" "backup      one-data.tar"
restore_into "$one" --delta --as=primary --plan >"$SCRATCH/said"
assert_contains "$SCRATCH/said" "backup      one-data.tar"
restore_into "$one" --delta --as=primary --backup=one-data.tar --plan >"$SCRATCH/said"
assert_fails 2 restore_into "$two" --delta --as=primary --backup=one-data.tar --plan
assert_fails 2 pitr-recover -b "$BASE" -D "$NEW" --only-wal --plan
assert_contains "$SCRATCH/said" "give --backup"
