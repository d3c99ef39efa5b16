#!/bin/bash
# pitr-sync --rsync: a standby that has gone its own way becomes one again. What is the same is not sent; what differs is,
# also with the size and the time of the original; nothing else stays. The first copy, into nothing, is made that way, too.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../standby.inc"
. "$(dirname "$0")/../sshd.inc"
. "$(dirname "$0")/sync.inc"
STANDBY="$FAR/a stand'by"
SPACE=$FAR/disk/space

synchronise() { # OPTIONS...
  pitr-sync --host="$PGHOST" --username=postgres --port="$PGPORT" --data-dir="$DATA/" --temp-dir="$SCRATCH/pitr/tmp" \
    --ssh-path="$SSH" --log="$SCRATCH/pitr/log/sync.log" --verbose --output "$HOST:$STANDBY/" \
    --map "$SCRATCH/disk:$FAR/disk" --standby --automatic --rsync "$@"
}
start_standby() { start_copy "$STANDBY" "$STANDBY_HOST"; }
file_of() { sql "SELECT pg_relation_filepath('$1')"; } # TABLE
inodes() { stat -c '%i %n' "$STANDBY/$(file_of big)" "$SPACE"/PG_*/*/"$(basename "$(file_of spaced)")"; }

new_cluster --wal-segsize=1
make_sshd
mkdir -p "$SCRATCH/disk/space" "$FAR/disk" "$SCRATCH/pitr/tmp"
start
sql "CREATE TABLESPACE fast LOCATION '$SCRATCH/disk/space'"
sql "CREATE TABLE big AS SELECT generate_series(1, 100000) AS n"
sql "CREATE TABLE spaced TABLESPACE fast AS SELECT generate_series(1, 10000) AS n"
sql "CREATE TABLE changing AS SELECT generate_series(1, 10000) AS n"
sql "CREATE UNLOGGED TABLE unlogged AS SELECT generate_series(1, 10000) AS n"
sql "VACUUM FREEZE"
odd=$'#-odd; name\nof two lines*'
echo ours >"$DATA/$odd"
ln -s "$SCRATCH/outside.conf" "$DATA/linked.conf"
echo linked >"$SCRATCH/outside.conf"
touch "$DATA/vanishing"

assert_fails 1 synchronise --remote-rsync-path "touch $SCRATCH/pwned;"
assert_contains "$SCRATCH/said" "it has no touch $SCRATCH/pwned;"
assert_fails 2 synchronise --map "$SCRATCH/disk/space:$STANDBY/space"
assert_contains "$SCRATCH/said" "not with --rsync: give --map"
assert_absent "$STANDBY" "$SCRATCH/pwned"

ln -s "$(command -v rsync)" "$FAR/an rsync"
synchronise --remote-rsync-path "$FAR/an rsync" >"$SCRATCH/plan"
assert_eq 2 "$(grep -c '^write' "$SCRATCH/plan")" "lines of the plan"
start_standby
sql "INSERT INTO changing VALUES (0)"
wait_for_replay
assert_eq 10001 "$(standby_sql "SELECT count(*) FROM changing")" "rows in the first copy"

# It is promoted, and changes; somebody leaves things in it.
PGHOST=$STANDBY_HOST sql "SELECT pg_promote()" >/dev/null
standby_sql "UPDATE changing SET n = -n"
standby_sql "CREATE TABLE of_the_copy AS SELECT 1"
standby_sql "SELECT pg_create_physical_replication_slot('of_the_copy', true)" >/dev/null
pg_ctl -D "$STANDBY" -s -m fast stop
assert_contains <(ls "$STANDBY/pg_wal") 00000002
oid=$(sql "SELECT oid FROM pg_tablespace WHERE spcname = 'fast'")
mkdir -p "$STANDBY/junk/deep" "$SPACE/mine" "$FAR/elsewhere"
touch "$STANDBY"/{junk/deep/file,base/1/junk,backup_label,recovery.signal,global/.pg_control.abcdef} "$STANDBY/"$'-rf\n.' \
  "$SPACE/mine/file" "$(echo "$SPACE"/PG_*)/junk"
cp "$SCRATCH/outside.conf" "$FAR/elsewhere/file"
ln -s "$FAR/elsewhere" "$STANDBY/link"
ln -sfn "$FAR/elsewhere" "$STANDBY/pg_tblspc/$oid"
rm "$STANDBY/linked.conf" && ln -s "$FAR/elsewhere/file" "$STANDBY/linked.conf"
rm "$STANDBY/base/1/PG_VERSION" && mkdir "$STANDBY/base/1/PG_VERSION"
sed s/ours/hers/ -i "$STANDBY/$odd"
touch -r "$DATA/$odd" "$STANDBY/$odd"
before=$(inodes)

# The tablespace's directory counts as another cluster's as long as no link leads there.
assert_fails 2 synchronise
assert_contains "$SCRATCH/said" "another cluster's?"
ln -sfn "$SPACE" "$STANDBY/pg_tblspc/$oid"
ln -s "$FAR/elsewhere" "$STANDBY/pg_tblspc/1"
sql "INSERT INTO changing VALUES (-1)"
assert_fails 1 synchronise --xlogs "$SCRATCH/none/xlogs"
assert_contains "$SCRATCH/said" "update  $HOST:$STANDBY/: a cluster of PostgreSQL"
assert_absent "$STANDBY/global/pg_control"
# A file vanishes after it was listed.
printf '#!/bin/sh\nrm -f "%s"\nexec rsync "$@"\n' "$DATA/vanishing" >"$FAR/rsync"
chmod 700 "$FAR/rsync"
synchronise --rsync-path "$FAR/rsync" --compress zstd:3 --xlogs "$STAGING"
assert_eq "$before" "$(inodes)" "files that are the same"
assert_eq ours "$(<"$STANDBY/$odd")" "a file of the same size and time"
assert_eq linked "$(cat "$STANDBY/linked.conf")" "a file that is a link in the original"
[ ! -h "$STANDBY/linked.conf" ] || fail "a link of the old copy is still there"
assert_absent "$STANDBY"/{junk,vanishing,base/1/junk,recovery.signal,link,pg_tblspc/1,postmaster.opts,pitr-sync.unfinished} \
  "$STANDBY/"{pg_replslot/of_the_copy,pg_wal/00000002.history,backup_manifest} "$STANDBY/"$'-rf\n.' "$SPACE"/PG_*/junk* \
  "$STANDBY/$(file_of unlogged)"
assert_eq "file file" "$(ls "$SPACE/mine") $(ls "$FAR/elsewhere")" "what lies outside of the copy"
assert_eq "$SPACE" "$(readlink "$STANDBY/pg_tblspc/$oid")" "the tablespace"
start_standby
sql "INSERT INTO changing VALUES (-2)"
wait_for_replay
content="SELECT format('%s %s', count(*), sum(n)) FROM"
for table in big spaced changing; do
  assert_eq "$(sql "$content $table")" "$(standby_sql "$content $table")" "$table"
done
assert_eq 0 "$(standby_sql "SELECT count(*) FROM pg_class WHERE relname = 'of_the_copy'")" "tables of the copy alone"
pg_ctl -D "$STANDBY" -s -m immediate stop

# Pages are looked at, although rsync reads the files.
sql CHECKPOINT
printf 'damage' | dd of="$DATA/$(file_of big)" bs=1 seek=9000 conv=notrunc status=none
assert_fails 3 synchronise
assert_contains "$SCRATCH/pitr/log/sync.log" "damaged page: block 1 of $(file_of big)"
stop immediate
