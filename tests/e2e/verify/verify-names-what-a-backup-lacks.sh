#!/bin/bash
# pitr-verify tells a good backup from one that is cut off (B21), incomplete, without its meta file or with a stranger
# among its files; --quick sees sizes and names without reading data; what it could not look at is status 1, not "good".
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
space=$SCRATCH/fast_disk/space
mkdir -p "$space"
[ "$(id -u)" != 0 ] || chown "$SERVER_USER:" "$space"
start
sql "CREATE TABLESPACE fast LOCATION '$space'"
sql "CREATE TABLE t TABLESPACE fast AS SELECT generate_series(1, 20000) AS n"
backup --digest SHA-256,MD5
stop
name=$(basename "$(part data)" .gz)
mv "$BASE" "$SCRATCH/good"

restore_set() { rm -rf "$BASE" && cp -a "$SCRATCH/good" "$BASE"; }
verify() { pitr-verify --backup-dir "$BASE" "$@"; }
assert_said() { # TEXT
  assert_contains "$SCRATCH/said" "$1"
}

restore_set
for mode in '' --quick '--parallel-jobs 1' '--sample 1/2' '--sample 1/1'; do
  # shellcheck disable=SC2086  # words
  verify $mode >"$SCRATCH/said" || fail "$mode: a good backup is not good: $(cat "$SCRATCH/said")"
  assert_said "backup $name: good"
  assert_said "  recoverable on timeline 1 from $(meta Stop-LSN) ($(meta Stop-Time)) to "
  assert_said "0 findings"
done
verify --format json | python3 -c 'import json, sys
report = json.load(sys.stdin)
assert report["findings"] == [] and report["findings_in_all"] == 0, report
assert report["backups"][0]["state"] == "good" and report["backups"][0]["spans"][0]["recoverable"], report'

# Cut off: a byte, half, everything.
for file in data xlog; do
  for size in 0 1 half -1; do
    restore_set
    whole=$(stat -c %s "$(part $file)")
    [ "$size" = half ] && size=$((whole / 2))
    truncate -s "$((size < 0 ? whole + size : size))" "$(part $file)"
    for mode in '' --quick '--sample 1/3'; do
      # shellcheck disable=SC2086  # words
      assert_fails 3 verify $mode
      assert_said "DAMAGED: $(part $file): $((size < 0 ? whole + size : size)) bytes long, the index says $whole"
    done
  done
done
for file in meta SHA-256 MD5; do
  restore_set
  truncate -s -1 "$(part $file)"
  assert_fails 3 verify
  assert_said "DAMAGED: $(part $file): "
done
# A byte of the meta file that no checksum of gzip covers: its seal does. Nobody restores from it either.
restore_set
plan() { pitr-recover --backup-dir "$BASE" --data-dir "$SCRATCH/none" --tablespace-root "$SCRATCH/none-ts" --only-wal --plan; }
plan >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
printf 'X' | dd of="$(part meta)" bs=1 seek=9 conv=notrunc status=none
gzip -t "$(part meta)"
assert_fails 3 verify
assert_said "DAMAGED: $(part meta): "
assert_fails 3 plan
assert_said "$(part meta): "
restore_set
echo "more" >>"$(part data)"
assert_fails 3 verify --quick
assert_said "DAMAGED: $(part data): "

# Not there.
for file in data xlog; do
  restore_set
  missing=$(part $file)
  rm "$missing"
  assert_fails 3 verify --quick
  assert_said "MISSING: $missing: it is not there"
done
restore_set
missing=$(part meta)
rm "$missing"
assert_fails 3 verify
for file in data xlog SHA-256 MD5; do
  assert_said "MISSING: $(part $file): the meta file of its set is not there"
done

# A tar of another backup in the place of this one's: whole in itself.
restore_set
mkdir "$SCRATCH/other"
echo text >"$SCRATCH/other/file"
tar -czf "$(part data)" -C "$SCRATCH" other
assert_fails 3 verify
assert_said "DAMAGED: $(part data): "

# A digest file that says something else; MD5 stands in no index.
restore_set
sed -i '1s/^./z/' "$(part MD5)"
assert_fails 3 verify
assert_said "DAMAGED: $(part MD5): line 1"
restore_set
sed -i '2s/^[0-9a-f]\{32\}/00000000000000000000000000000000/' "$(part MD5)"
assert_fails 3 verify
assert_said "DAMAGED: $(part MD5): line 2: the digest of $(basename "$(part xlog)") is "

# One backup alone; an unknown one.
restore_set
verify --backup "$name" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_fails 1 verify --backup no-such-backup
assert_said "there is no such backup"

# Could not look.
assert_fails 1 pitr-verify --backup-dir "$SCRATCH/nowhere"
assert_said "COULD NOT LOOK: $SCRATCH/nowhere: "
chmod 000 "$(part xlog)"
assert_fails 1 verify
assert_said "COULD NOT LOOK: $(part xlog): "
assert_said "backup $name: could not look"

assert_fails 2 pitr-verify
assert_fails 2 pitr-verify --backup-dir "$BASE" --quick --sample 1/3
assert_fails 2 pitr-verify --backup-dir "$BASE" --sample 30
