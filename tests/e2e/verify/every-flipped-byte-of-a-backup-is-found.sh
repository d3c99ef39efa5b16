#!/bin/bash
# Whatever byte of a stored backup changes, pitr-verify finds it and names the file (B22): 200 positions over all files
# of a set, the first and the last byte of each among them.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t AS SELECT generate_series(1, 20000) AS n"
backup --dst-local "zstd=$BASE/" --digest SHA-256
stop
pitr-verify --backup-dir "$BASE" >"$SCRATCH/said" || fail "the backup is not good: $(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "0 findings"

seed=${SEED:-$RANDOM}
echo "seed $seed"
RANDOM=$seed
files=("$BASE"/*)
assert_eq 4 "${#files[@]}" "files of the set"

byte_at() { od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' '; } # FILE OFFSET

put_byte() { # FILE OFFSET VALUE
  # shellcheck disable=SC2059  # an escape of printf
  printf "\\x$(printf %02x "$3")" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

flip() { # FILE OFFSET
  local before status=0
  before=$(byte_at "$1" "$2")
  put_byte "$1" "$2" $((before ^ (1 + RANDOM % 255)))
  pitr-verify --backup-dir "$BASE" >"$SCRATCH/said" 2>&1 || status=$?
  put_byte "$1" "$2" "$before"
  [ "$status" = 3 ] || fail "byte $2 of ${1##*/} (seed $seed): status $status: $(cat "$SCRATCH/said")"
  grep -q "^DAMAGED: $1: " "$SCRATCH/said" || fail "byte $2 of ${1##*/} (seed $seed) is not named: $(cat "$SCRATCH/said")"
}

tried=0
for file in "${files[@]}"; do
  size=$(stat -c %s "$file")
  flip "$file" 0
  flip "$file" $((size - 1))
  for ((i = 0; i < 48; ++i)); do flip "$file" $(((RANDOM << 15 | RANDOM) % size)); done
  tried=$((tried + 50))
done
assert_eq 200 "$tried" "positions"

# In the data file the members and the place are named, too.
flip "$(part data)" 100000
grep -qE "^DAMAGED: $(part data): pg/.*: at byte [0-9]+: CRC-32C " "$SCRATCH/said" ||
  fail "neither member nor offset: $(cat "$SCRATCH/said")"
