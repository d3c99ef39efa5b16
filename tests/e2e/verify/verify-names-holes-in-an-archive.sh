#!/bin/bash
# pitr-verify names the segments that an archive lacks, says how far each backup can be recovered, and with --deep finds
# a segment that is there and damaged.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t (n int)"
backup --dst-local "zstd=$BASE/"
add_segments 1 2 3 4 5
stop
both=(pitr-verify --backup-dir "$BASE" --archive "$ARCHIVE")

"${both[@]}" --deep >"$SCRATCH/said" || fail "nothing is wrong: $(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "0 findings"
"${both[@]}" --format json >"$SCRATCH/report.json"
end=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["backups"][0]["spans"][0]["to_lsn"])' <"$SCRATCH/report.json")
[ "$(lsn_number "$end")" -gt "$(lsn_number "$(meta Stop-LSN)")" ] || fail "the backup reaches to $end"

# Listing alone finds the hole; the backup reaches up to it.
mv "$ARCHIVE/${segments[1]}.zst" "$SCRATCH/"
assert_fails 3 "${both[@]}"
assert_contains "$SCRATCH/said" "MISSING: $ARCHIVE/${segments[1]}: this segment is missing"
assert_contains "$SCRATCH/said" "    hole: ${segments[1]}"
assert_fails 3 "${both[@]}" --format json
python3 - "$SCRATCH/said" "${segments[1]}" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
missing = sys.argv[2]
assert report["archives"][0]["gaps"] == [{"timeline": 1, "first": missing, "last": missing, "segments": 1}], report
span = report["backups"][0]["spans"][0]
high, low = span["to_lsn"].split("/")
assert (int(high, 16) << 32 | int(low, 16)) == int(missing[8:16], 16) * 2**32 + int(missing[16:], 16) * 2**20, span
assert report["findings"][0]["kind"] == "missing", report
PYTHON
# A second archive that has it: this one still lacks it, the backup does not.
mkdir "$SCRATCH/second"
cp "$ARCHIVE"/* "$SCRATCH/second/"
cp "$SCRATCH/${segments[1]}.zst" "$SCRATCH/second/"
assert_fails 3 "${both[@]}" --archive "$SCRATCH/second" --format json
python3 -c 'import json, sys
report = json.load(sys.stdin)
assert report["backups"][0]["spans"][0]["holes"] == [], report
assert [len(archive["gaps"]) for archive in report["archives"]] == [1, 0], report' <"$SCRATCH/said"
mv "$SCRATCH/${segments[1]}.zst" "$ARCHIVE/"

# WAL from before the oldest backup is needed by none.
first=$(meta Min-Xlog)
old=$(printf '%s%08X' "${first:0:16}" $((16#${first:16} - 3)))
cp "$ARCHIVE/$first.zst" "$ARCHIVE/$old.zst"
"${both[@]}" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "no backup needs it"
# Its bytes are another segment's: only reading tells.
assert_fails 3 "${both[@]}" --deep
assert_contains "$SCRATCH/said" "DAMAGED: $ARCHIVE/$old.zst: "
rm "$ARCHIVE/$old.zst"

# A damaged segment, found by --deep and named.
damaged=$ARCHIVE/${segments[2]}.zst
cp "$damaged" "$SCRATCH/kept"
printf 'XX' | dd of="$damaged" bs=1 seek=200 conv=notrunc status=none
"${both[@]}" >/dev/null || fail "listing does not read"
assert_fails 3 "${both[@]}" --deep --parallel-jobs 2
assert_contains "$SCRATCH/said" "DAMAGED: $damaged: "
cp "$SCRATCH/kept" "$damaged"

# Without an archive at all, and one that is not mounted.
pitr-verify --backup-dir "$BASE" >"$SCRATCH/said" || fail "the backup brings its WAL along"
mkdir "$SCRATCH/empty"
assert_fails 1 "${both[@]}" --archive "$SCRATCH/empty"
assert_contains "$SCRATCH/said" "COULD NOT LOOK: $SCRATCH/empty: neither a marker"

# A backup without bundled WAL lives by the archive.
start
rm "$BASE"/*
pitr-base --host="$PGHOST" --username=postgres --data-dir="$DATA" --dst-local="zstd=$BASE" --skip-xlogs
segment=$(meta Min-Xlog)
switch_wal >/dev/null
stop
pitr-verify --backup-dir "$BASE" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "needs the WAL archive from $segment on"
"${both[@]}" >"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
assert_contains "$SCRATCH/said" "recoverable on timeline 1"
rm "$ARCHIVE/$segment.zst"
assert_fails 3 "${both[@]}"
assert_contains "$SCRATCH/said" "it cannot be recovered: WAL from $segment on is missing"
assert_contains "$SCRATCH/said" "not recoverable on timeline 1"
