#!/bin/bash
# What pitr-archive stores, in each codec, is the segment again when the codec's own tool has unpacked it.
. "$(dirname "$0")/../harness.sh"

declare -A suffix=([none]='' [gzip]=.gz [zstd]=.zst [lz4]=.lz4 [bzip2]=.bz2 [xz]=.xz)

new_cluster --wal-segsize=1
for codec in "${!suffix[@]}"; do
  mkdir -p "$SCRATCH/wal/$codec"
  options+=" -dl $codec=$SCRATCH/wal/$codec"
done
# The server's own copy, to compare with.
mkdir "$SCRATCH/original"
configure "archive_command = 'cp \"%p\" $SCRATCH/original/%f && pitr-archive --batch-size 0 -s $STATE$options \"%p\"'"
start
sql "CREATE TABLE t AS SELECT generate_series(1, 20000)"
sql "SELECT pg_create_restore_point('switch')" >/dev/null
last=$(sql "SELECT pg_walfile_name(pg_switch_wal())")
wait_until '[ "$(sql "SELECT last_archived_wal FROM pg_stat_archiver")" = "$last" ]' 30
stop

for original in "$SCRATCH"/original/0000*; do
  name=${original##*/}
  # The shutdown may have ended one more segment, which no archiver has seen.
  [[ ! $name > $last ]] || continue
  cmp "$original" "$SCRATCH/wal/none/$name"
  gzip -cd "$SCRATCH/wal/gzip/$name.gz" | cmp "$original" -
  zstd -qcd "$SCRATCH/wal/zstd/$name.zst" | cmp "$original" -
  lz4 -qcd "$SCRATCH/wal/lz4/$name.lz4" | cmp "$original" -
  bzip2 -cd "$SCRATCH/wal/bzip2/$name.bz2" | cmp "$original" -
  xz -cd "$SCRATCH/wal/xz/$name.xz" | cmp "$original" -
  count=$((${count:-0} + 1))
done
[ "$count" -ge 2 ] || fail "only $count segments were archived"
