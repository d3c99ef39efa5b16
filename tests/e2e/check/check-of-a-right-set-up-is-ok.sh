#!/bin/bash
# versions: all
# pitr-check of a right set-up: every line is ok, a segment makes the whole way and back, at two destinations; the one
# warning is about a single disk, and is gone when one destination is elsewhere. The JSON says the same.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/check.inc"

new_cluster --wal-segsize=1
second=$SCRATCH/backup/second
mkdir "$second"
configure "archive_timeout = 5min" \
  "archive_command = 'pitr-archive -D $DATA -dl zstd=$ARCHIVE -dl \"$second\" -s $STATE -l $ARCHIVE_LOG \"%p\"'"
start
switch_wal >/dev/null

assert_check 0
assert_eq "" "$(grep -E '^(warning|failed) ' "$SCRATCH/said" | grep -v '^warning  destinations: are all in the file system')" \
  "lines that are not ok"
for setting in wal_level full_page_writes data_checksums archive_mode archive_timeout archive_command user \
  'data directory' configuration programs; do
  assert_line ok "$setting: "
done
for place in "$ARCHIVE" "$second"; do
  assert_line ok "$place: marked for this cluster"
  assert_line ok "$place: " "may write; files get their names by link()"
  assert_line ok "$place: " "came back through pitr-restore, byte for byte"
done
# Nothing of it stays but the segment.
assert_eq "" "$(find "$TMPDIR" -mindepth 1; find "$ARCHIVE" "$second" -name '*.tmp.*')" "what was left"

check --format json >"$SCRATCH/json"
python3 - "$SCRATCH/json" "$ARCHIVE" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
verdicts = [line["verdict"] for line in report["checks"]]
assert report["failed"] == 0 and report["ok"] == verdicts.count("ok") > 10, report
assert any(line["subject"] == sys.argv[2] and "byte for byte" in line["text"] for line in report["checks"]), report
assert all("advice" in line for line in report["checks"] if line["verdict"] != "ok"), report
PYTHON

# Who may not look is told so, and no more is needed than the manual says.
sql "CREATE ROLE plain LOGIN"
sql "CREATE ROLE watcher LOGIN IN ROLE pg_monitor"
assert_check 1 -U plain
assert_line failed "configuration: " "connect as a superuser or a member of pg_monitor"
assert_check 1 -U watcher
assert_line failed "archiving: " "permission denied for function pg_create_restore_point" "grant EXECUTE"
sql "GRANT EXECUTE ON FUNCTION pg_create_restore_point(text), pg_switch_wal() TO watcher"
assert_check 0 -U watcher
assert_line ok "$ARCHIVE: " "byte for byte"

# The mistakes of the command line itself.
assert_fails 2 check --timeout 0
assert_fails 2 check --format xml
assert_fails 2 check --dst-loca "$ARCHIVE"
assert_contains "$SCRATCH/said" "did you mean --dst-local?"
