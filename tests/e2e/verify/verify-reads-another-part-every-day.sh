#!/bin/bash
# --sample 1/2 reads every second block of a backup, the others on the next day: of two damaged blocks side by side it
# finds one, the one that belongs to this day. Of archives it reads every second segment.
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

today() { echo $(($(date +%s) / 86400 % 2)); }
# So that midnight does not come between.
until day=$(today) && assert_fails 3 pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --deep --sample 1/2 &&
  [ "$day" = "$(today)" ]; do :; done
assert_contains "$SCRATCH/said" ": at byte ${offsets[2 + day]}: "
! grep -qF ": at byte ${offsets[3 - day]}: " "$SCRATCH/said" || fail "it has read the other day's part, too"
assert_eq 1 "$(grep -c "^DAMAGED: $ARCHIVE/" "$SCRATCH/said")" "damaged segments of this day"

assert_fails 3 pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE" --deep
assert_eq 2 "$(grep -c "^DAMAGED: $data: " "$SCRATCH/said")" "damaged blocks"
assert_eq 2 "$(grep -c "^DAMAGED: $ARCHIVE/" "$SCRATCH/said")" "damaged segments"
