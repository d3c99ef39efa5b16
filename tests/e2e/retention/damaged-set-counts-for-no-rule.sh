#!/bin/bash
# A set that has lost a file is no backup: pitr-expire keeps the good one before it, pitr-recover takes that one,
# pitr-monitor counts from it, and each of them names what is damaged. A directory without any backup is no success.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t (n int)"
backup --filename-template '__HOSTNAME__-__FILETYPE__-a.tar__CEXT__'
add_segments 1 2
backup --filename-template '__HOSTNAME__-__FILETYPE__-b.tar__CEXT__'
add_segments 3
stop
expire() { pitr-expire --backup-dir "$BASE" --archive "$ARCHIVE" --keep-count 1 --explain; }
lost=$(echo "$BASE"/*-data-b*) kept=$(echo "$BASE"/*-data-a*)
first_of_a=$(tar -xOf "$BASE"/*-meta-a* meta | sed -n 's|^Min-Xlog: ||p')

harm() { # KIND
  case $1 in
    missing) mv "$lost" "$SCRATCH/lost" ;;
    cut) cp "$lost" "$SCRATCH/lost" && truncate -s -1 "$lost" ;;
    xlog) mv "$BASE"/*-xlog-b* "$SCRATCH/" ;;
  esac
}
repair() {
  case $1 in
    missing | cut) mv "$SCRATCH/lost" "$lost" ;;
    xlog) mv "$SCRATCH"/*-xlog-b* "$BASE/" ;;
  esac
}
for kind in missing cut xlog; do
  harm $kind
  assert_fails 3 expire
  assert_contains "$SCRATCH/said" "it cannot be restored"
  assert_contains "$SCRATCH/said" "one of the newest 1"
  [ -e "$kept" ] || fail "$kind: the good set is gone"
  archived "$first_of_a" || fail "$kind: the WAL of the good set is gone"
  restore_into "$SCRATCH/none" --plan >"$SCRATCH/plan"
  assert_contains "$SCRATCH/plan" "-data-a.tar"
  pitr-recover --backup-dir "$BASE" --list >"$SCRATCH/list"
  assert_eq 1 "$(grep -c "damaged (its " "$SCRATCH/list")" "damaged sets in the list"
  pitr-monitor --backup-dir "$BASE" --check last-backup-age --format text >"$SCRATCH/said" || true
  assert_contains "$SCRATCH/said" "-data-b.tar: its "
  repair $kind
done
expire >"$SCRATCH/said"
assert_absent "$kept"
expire >"$SCRATCH/said"
[ -e "$lost" ] || fail "the last one is gone"

# Swapped, and empty.
assert_fails 1 pitr-expire --backup-dir "$ARCHIVE" --archive "$BASE"
assert_contains "$SCRATCH/said" "$BASE: neither a marker"
assert_fails 2 pitr-expire --backup-dir "$ARCHIVE" --archive "$ARCHIVE"
assert_contains "$SCRATCH/said" "$ARCHIVE: it is a WAL archive, and holds no backup"
mkdir "$SCRATCH/empty"
assert_fails 3 pitr-expire --backup-dir "$SCRATCH/empty" --archive "$ARCHIVE"
assert_contains "$SCRATCH/said" "$SCRATCH/empty: there is no backup in it"
assert_fails 3 pitr-recover --backup-dir "$SCRATCH/empty" --list
assert_contains "$SCRATCH/said" "$SCRATCH/empty: there is no backup in it"
