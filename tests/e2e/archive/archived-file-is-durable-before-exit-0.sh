#!/bin/bash
# pitr-archive answers 0 only after fsync of the file, link to its final name and fsync of the directory, in that order.
. "$(dirname "$0")/../harness.sh"

strace -o /dev/null true 2>/dev/null || { echo "strace may not trace here"; exit 77; }
new_cluster --wal-segsize=1
configure "archive_command = ''"
start
sql "SELECT pg_create_restore_point('switch')" >/dev/null
segment=$(sql "SELECT pg_walfile_name(pg_switch_wal())")
stop
strace -f -y -e trace=fsync,link,linkat,exit_group -o "$SCRATCH/trace" \
  pitr-archive -D "$DATA" -s "$STATE" -dl "zstd=$ARCHIVE" "$DATA/pg_wal/$segment"
[ -f "$ARCHIVE/$segment.zst" ] || fail "it is not archived"

line_of() { # REGEX: the number of the only line of the trace that matches
  grep -nE "$1" "$SCRATCH/trace" | tail -n 1 | cut -d : -f 1
}
file=$(line_of "fsync\([0-9]+<$ARCHIVE/$segment\.zst\.tmp\.[0-9]+>\) += 0")
link=$(line_of "linkat.*\"$segment\.zst\", 0\) += 0")
directory=$(line_of "fsync\([0-9]+<$ARCHIVE>\) += 0")
end=$(line_of 'exit_group\(0\)')
assert_eq "$file $link $directory $end" "$(printf '%s\n' "$file" "$link" "$directory" "$end" | sort -n | xargs)" \
  "the order of fsync of the file, link, fsync of the directory, exit in $(cat "$SCRATCH/trace")"
