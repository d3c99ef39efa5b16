#!/bin/bash
# --sample 1/2 reads every second block of a backup, 2/2 the others: of two damaged blocks side by side each finds one. Of
# archives they read every second segment. Together they have read everything, whatever day it is.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t AS SELECT generate_series(1, 20000) AS n"
backup --dst-local "zstd=$BASE/"
add_segments 1 2
stop

data=$(part data)
mapfile -t offsets < <(member meta index | grep '"kind": "block"' | grep -- '-data-' | sed 's/.*"stored_offset": \([0-9]*\).*/\1/')
[ "${#offsets[@]}" -gt 4 ] || fail "only ${#offsets[@]} blocks"
for block in 2 3; do
  printf 'XXXX' | dd of="$data" bs=1 seek=$((offsets[block] + 50)) conv=notrunc status=none
done
for segment in "${segments[@]}"; do
  printf 'XXXX' | dd of="$ARCHIVE/$segment.zst" bs=1 seek=50 conv=notrunc status=none
done

for part in 1 2; do
  assert_fails 3 pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --deep --sample "$part/2"
  assert_contains "$SCRATCH/said" ": at byte ${offsets[part + 1]}: "
  ! grep -qF ": at byte ${offsets[4 - part]}: " "$SCRATCH/said" || fail "$part/2 has read the other part, too"
  assert_eq 1 "$(grep -c "^DAMAGED: $ARCHIVE/" "$SCRATCH/said")" "damaged segments of part $part"
  grep "^DAMAGED: $ARCHIVE/" "$SCRATCH/said" >>"$SCRATCH/segments-found"
done
assert_eq 2 "$(cut -d: -f2 "$SCRATCH/segments-found" | sort -u | wc -l)" "damaged segments of both parts"
for bad in 0/2 3/2 2 1/0 /2 1/ -1/2 1/2/3; do
  assert_fails 2 pitr-verify --backup-dir "$BASE" --sample "$bad"
done

assert_fails 3 pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --deep
assert_eq 2 "$(grep -c "^DAMAGED: $data: " "$SCRATCH/said")" "damaged blocks"
assert_eq 2 "$(grep -c "^DAMAGED: $ARCHIVE/" "$SCRATCH/said")" "damaged segments"
