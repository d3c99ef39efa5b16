#!/bin/bash
# A set as OmniPITR writes it (plain tar and gzip, a meta file of four lines), with a tablespace and with what OmniPITR
# leaves in it: pitr-recover recovers from it to the last row.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster
archive_with gzip
space=$SCRATCH/space
mkdir -p "$space"
start
sql "CREATE TABLESPACE space LOCATION '$space'"
sql "CREATE TABLE step TABLESPACE space AS SELECT 1 AS n"
switch_wal >/dev/null

# The backup, by hand.
started=$(date +%s)
touch "$DATA/recovery.done"
set=$SCRATCH/set
mkdir -p "$set"
{
  echo "SELECT pg_backup_start('omnipitr', true) AS start \\gset"
  echo "SELECT pg_walfile_name(:'start') AS first \\gset"
  echo "\\o $set/min-xlog"
  echo "SELECT :'first';"
  echo "\\o"
  echo "\\! mkdir -p $set/tree$(dirname "$space") && cp -a $space $set/tree$space && cp -a $DATA $set/copy"
  echo "SELECT labelfile, spcmapfile FROM pg_backup_stop() \\gset"
  echo "\\o $set/backup_label"
  echo "SELECT :'labelfile';"
  echo "\\o $set/tablespace_map"
  echo "SELECT :'spcmapfile';"
  echo "\\o"
} | psql -XAtq -v ON_ERROR_STOP=1
first=$(cat "$set/min-xlog")
name() { echo "$BASE/db1-$1-2026-11-22.tar.gz"; }
sed '$d' "$set/backup_label" >"$set/copy/backup_label"
sed '$d' "$set/tablespace_map" >"$set/copy/tablespace_map"
mkdir -p "$set/xlog/pg/pg_wal"
for file in "$ARCHIVE"/*.gz; do
  [[ $(basename "$file" .gz) < $first ]] || zcat "$file" >"$set/xlog/pg/pg_wal/$(basename "$file" .gz)"
done
[ -e "$set/xlog/pg/pg_wal/$first" ] || fail "$first is not archived"
tar -C "$set" --transform "s|^copy|pg|;s|^tree|tablespaces|" --exclude="copy/pg_wal/0*" --exclude=copy/postmaster.pid -czf "$(name data)" copy tree
tar -C "$set/xlog" -czf "$(name xlog)" pg
printf 'Min-Xlog: %s\nStarted-epoch: %s\nTimezone: UTC\nHostname: db1\n' "$first" "$started" | gzip >"$(name meta)"

sql "INSERT INTO step VALUES (2)"
switch_wal >/dev/null
destroy
rm -rf "$space"

pitr-recover --backup-dir="$BASE" --list >"$SCRATCH/list"
assert_contains "$SCRATCH/list" "db1-data-2026-11-22.tar"
recover_to --tablespace="$space=$SCRATCH/moved" --target-action=promote
wait_for_promotion
assert_eq "1 2" "$(steps)" "the steps"
assert_eq "$SCRATCH/moved" "$(sql "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'space'")" "where it is"
assert_absent "$space" "$DATA/recovery.done"
stop
