#!/bin/bash
# pitr-check: a destination that is missing, not marked, another cluster's, read-only or open to everybody has its line,
# and so has a data directory that is not the server's.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/check.inc"

new_cluster --wal-segsize=1
configure "archive_timeout = 5min"
start
switch_wal >/dev/null
archive_into() { reload "archive_command = 'pitr-archive -D $DATA -dl $1 \"%p\"'"; } # PLACE

place=$SCRATCH/backup/other
archive_into "$place"
assert_check 1
assert_line failed "$place: " "no such directory (is its disk mounted?)"
assert_line failed "archiving: was not tried: no destination was reached"

mkdir "$place"
assert_check 1
assert_line failed "$place: has no marker pitr-archive.id" "pitr-archive --init -D $DATA -dl $place"
assert_line failed "$place: " "has not arrived: archive_command has failed 3 times"
pitr-archive --init -D "$DATA" -dl "$place" >"$SCRATCH/init"
assert_check 0
assert_line ok "$place: marked for this cluster"

chmod 0500 "$place"
assert_check 1
assert_line failed "$place: " "permission denied" "$(id -un) must be able to create files in it"
assert_line failed "$place: " "has not arrived"
chmod 0777 "$place"
assert_check 1
assert_line failed "$place: everybody may write to it" "chmod o-w $place"
chmod 0700 "$place"

# Marked for another cluster, and not marked with another cluster's WAL in it.
sed -i 's/^System-Identifier: .*/System-Identifier: 1234567890/' "$place/pitr-archive.id"
assert_check 1
assert_line failed "$place: is the archive of cluster 1234567890, this one is "
initdb -D "$SCRATCH/data/foreign" --wal-segsize=1 -N -A trust -U postgres >"$SCRATCH/foreign.log"
rm "$place"/*
cp "$SCRATCH"/data/foreign/pg_wal/0000* "$place"
assert_check 1
assert_line failed "$place: holds the WAL of cluster "

archive_into "$DATA/pg_wal/archive"
mkdir "$DATA/pg_wal/archive"
assert_check 1
assert_line failed "$DATA/pg_wal/archive: lies in the data directory"
rmdir "$DATA/pg_wal/archive"

# One of two is away: the other one is tried all the same.
assert_check 1 --dst-local "$ARCHIVE" --dst-local "$SCRATCH/away" --timeout 2
assert_line failed "$SCRATCH/away: " "no such directory"
assert_line failed "$ARCHIVE: " "has not arrived"
reload "archive_command = 'pitr-archive -D $SCRATCH/data/foreign -dl $ARCHIVE \"%p\"'"
assert_check 1
assert_line failed "archive_command: its --data-dir $SCRATCH/data/foreign is not $DATA"

# A segment that is not the server's own is found out, though pitr-restore takes it for good.
reload "archive_command = 'dd if=%p of=$ARCHIVE/%f status=none && printf x | dd of=$ARCHIVE/%f bs=1 seek=600000 conv=notrunc status=none'"
assert_check 1 --dst-local "$ARCHIVE"
assert_line failed "$ARCHIVE: " "but not as it is in pg_wal"
reload "archive_command = 'head -c 1000 %p >$ARCHIVE/%f'"
assert_check 1 --dst-local "$ARCHIVE"
assert_line failed "$ARCHIVE: pitr-restore answers 2 instead of handing over"
archive_into "$ARCHIVE"

chmod 0666 "$DATA/postgresql.conf"
assert_check 1
assert_line failed "configuration: $DATA/postgresql.conf: everybody may write to it" "chmod o-w"
chmod 0620 "$DATA/postgresql.conf"
assert_check 0
assert_line warning "configuration: $DATA/postgresql.conf: its group may write to it"
chmod 0600 "$DATA/postgresql.conf"

DATA=$SCRATCH/data/foreign assert_check 1
assert_line failed "data directory: $SCRATCH/data/foreign is of cluster "
cp -a "$DATA" "$SCRATCH/data/copy"
rm "$SCRATCH/data/copy/postmaster.pid"
DATA=$SCRATCH/data/copy assert_check 1
assert_line failed "data directory: $SCRATCH/data/copy is a copy: the server runs in $DATA"
