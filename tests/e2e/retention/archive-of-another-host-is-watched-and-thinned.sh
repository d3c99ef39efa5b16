#!/bin/bash
# pitr-monitor looks at backups and an archive of another host; pitr-expire and pitr-cleanup remove WAL there, and refuse
# backups of another host, whose locks they could not see.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"

new_cluster --wal-segsize=1
make_sshd
start
sql "CREATE TABLE t (n int)"
add_segments 1 2
backup
add_segments 3
stop
cp -a "$ARCHIVE" "$FAR/wal"
cp -a "$BASE" "$FAR/base"
far=(--archive "$HOST:$FAR/wal" --ssh-path "$SSH")

look() { pitr-monitor --backup-dir "$HOST:$FAR/base" "${far[@]}" --check "$1"; }
[ "$(look last-backup-age)" -lt 300 ] || fail "last-backup-age $(look last-backup-age)"
assert_eq 0 "$(look wal-gap)" "wal-gap"
[ "$(look recovery-window)" -ge 1 ] || fail "recovery-window $(look recovery-window)"
segments() { find "$FAR/wal" -printf '%f\n' | grep -E '^[0-9A-F]{24}([.][a-z0-9]+)?$' | sort; }
first=$(segments | tail -2 | head -1)
mv "$FAR/wal/$first" "$SCRATCH/"
assert_fails 2 look wal-gap
mv "$SCRATCH/$first" "$FAR/wal/"
assert_fails 3 look free-space
assert_contains "$SCRATCH/said" "no directory of this host"

segments >"$SCRATCH/before"
assert_fails 2 pitr-expire --backup-dir "$HOST:$FAR/base" "${far[@]}"
assert_contains "$SCRATCH/said" "run pitr-expire there"
assert_fails 2 pitr-cleanup --backup-dir "$HOST:$FAR/base" "${far[@]}" "$(meta Min-Xlog)"
assert_contains "$SCRATCH/said" "run pitr-cleanup there"
assert_eq "$(cat "$SCRATCH/before")" "$(segments)" "the archive after refused calls"

pitr-expire --backup-dir "$BASE" "${far[@]}"
segments >"$SCRATCH/after"
assert_eq "$(meta Min-Xlog)" "$(head -1 "$SCRATCH/after" | cut -c1-24)" "the oldest segment that is kept"
[ "$(wc -l <"$SCRATCH/after")" -lt "$(wc -l <"$SCRATCH/before")" ] || fail "pitr-expire has removed nothing"
last=$(tail -1 "$SCRATCH/after" | cut -c1-24)
pitr-cleanup "${far[@]}" -D "$DATA" "$last"
assert_eq "$last" "$(segments | cut -c1-24)" "what pitr-cleanup leaves"
