#!/bin/bash
# Two directories and another host, which is off while the server writes. It archives on, the host is required by
# nobody and its WAL waits in the spool; once it is back it gets all of it, in the background, and has no hole.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"

SPOOL=$SCRATCH/pitr/spool
waiting() { find "$SPOOL" -name '0000000*' 2>/dev/null | wc -l; }
names_in() { find "$1" -type f -name '0000000*' -printf '%f\n' | sed 's/\..*//' | sort; }

new_cluster --wal-segsize=1
make_sshd
mkdir "$SCRATCH/backup/second" "$FAR/wal"
options=(-D "$DATA" -dl "zstd=$ARCHIVE" -dl "lz4=$SCRATCH/backup/second" -dr "zstd=$HOST:$FAR/wal" --ssh-path "$SSH"
  -s "$STATE" --require "$ARCHIVE" --require "$SCRATCH/backup/second" --spool-dir "$SPOOL" --remote-timeout 5)
configure "archive_command = 'pitr-archive ${options[*]} -v -l $ARCHIVE_LOG \"%p\"'" "max_wal_size = 1GB"
start
sql "CREATE TABLE t (n int, filling text)"
name=$(switch_wal)
wait_until '[ -e "$FAR/wal/$name.zst" ]' 20

stop_sshd
for ((i = 0; i < 8; ++i)); do
  sql "INSERT INTO t SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 2000) g"
  # It comes to the others at once.
  switch_wal >/dev/null
done
wait_until '[ -z "$(find "$DATA/pg_wal/archive_status" -name "*.ready")" ]' 20
there=$(names_in "$FAR/wal" | wc -l)
here=$(names_in "$ARCHIVE" | wc -l)
[ "$(waiting)" = $((here - there)) ] || fail "$(waiting) files wait, $here are archived, $there are there"
assert_fails 1 pitr-archive "${options[@]}" --flush
assert_contains "$SCRATCH/said" "deliver to $HOST:$FAR/wal: "

start_sshd
# The next call for a segment sends for what waits.
switch_wal >/dev/null
wait_until '[ "$(waiting)" = 0 ]' 60
wait_until 'diff <(names_in "$ARCHIVE") <(names_in "$FAR/wal") >/dev/null' 20
assert_eq "" "$(diff <(names_in "$ARCHIVE") <(names_in "$SCRATCH/backup/second"))" "what the second directory lacks"
for file in "$FAR"/wal/0*; do
  cmp <(zstd -dqc "$file") <(zstd -dqc "$ARCHIVE/${file##*/}") || fail "$file differs"
done
# It is sent to directly again.
name=$(switch_wal)
wait_until '[ -e "$FAR/wal/$name.zst" ]' 20
assert_eq 0 "$(waiting)" "files that wait"
pitr-archive "${options[@]}" --flush
