#!/bin/bash
# After a recovery to an earlier moment the backups of the branch that was given up are newer than the one that the living
# branch came from: pitr-expire keeps that one and its WAL, too. While the living branch has none at all, no WAL goes.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t (n int)"
for letter in a b; do
  backup --filename-template "__HOSTNAME__-__FILETYPE__-$letter.tar__CEXT__"
  add_segments 1 2
  [ $letter = b ] || switch=$(sql "SELECT pg_current_wal_lsn()")
done
add_segments 3
stop
before=$(ls "$ARCHIVE")
expire() { pitr-expire --backup-dir "$BASE" --archive "$ARCHIVE" --keep-count 1 --explain >"$SCRATCH/said"; }
history() { printf '1\t%s\tbefore b\n' "$1" >"$ARCHIVE/00000002.history"; }

history "$switch"
expire
assert_contains "$SCRATCH/said" "-data-a.tar"
[ -e "$(echo "$BASE"/*-data-a*)" ] || fail "what timeline 2 came from is gone"
first=$(tar -xOf "$BASE"/*-meta-a* meta | sed -n 's|^Min-Xlog: ||p')
archived "$first" || fail "its WAL is gone"

# Timeline 2 began before the first backup: a running one may need WAL with lower numbers.
history "$(sed -n 's|^Start-LSN: ||p' <(tar -xOf "$BASE"/*-meta-a* meta))"
expire
assert_contains "$SCRATCH/said" "no backup is of the newest timeline"
assert_absent "$BASE"/*-data-a*
archived "$first" || fail "WAL is gone"

rm "$ARCHIVE/00000002.history"
expire
! archived "$first" || fail "nothing needs $first any more"
[ "$(ls "$ARCHIVE")" != "$before" ] || fail "no WAL has gone"
