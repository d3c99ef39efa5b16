#!/bin/bash
# The page for Prometheus is complete and in the format, and whoever reads it while it is written reads a whole one.
. "$(dirname "$0")/../harness.sh"

page=$SCRATCH/pitr.prom
write_page() {
  local status=0
  pitr-monitor -b "$BASE" -a "$ARCHIVE" -x "$STAGING" -l "$ARCHIVE_LOG" --format prometheus --output "$page" || status=$?
  [ "$status" -lt 3 ] || fail "status $status: $(cat "$page")"
}
# The text format, as strict as promtool is: each metric once, HELP and TYPE before its samples, names, labels and numbers
# as they have to be, a line feed at the end; and its advice on names.
check_page() { # FILE
  python3 - "$1" <<'PYTHON' || return 1
import re, sys
text = open(sys.argv[1]).read()
assert text.endswith("\n") and "\n\n" not in text and "\r" not in text
name = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
helped, typed, seen = set(), set(), set()
current = None
for line in text.splitlines():
    if found := re.fullmatch(rf"# HELP ({name}) (\S.*)", line):
        assert found[1] not in helped, line
        assert found[1].startswith("pitr_") and not re.search("_(total|count|sum|bucket|percent|ms|minutes)$", found[1]), line
        helped.add(found[1])
        current = found[1]
    elif found := re.fullmatch(rf"# TYPE ({name}) (gauge)", line):
        assert found[1] == current and found[1] not in typed, line
        typed.add(found[1])
    else:
        found = re.fullmatch(rf'({name})(\{{[a-z]+="[^"\\]*"\}})? (\+Inf|-?[0-9]+(\.[0-9]+)?)', line)
        assert found, line
        assert found[1] == current and found[1] in typed, line
        assert (found[1], found[2]) not in seen, line
        seen.add((found[1], found[2]))
assert helped == typed == {metric for metric, _ in seen}
assert len(helped) >= 12, helped
PYTHON
  # Debian's package of it brings a server along that starts itself: not everybody who builds this wants one.
  if command -v promtool >/dev/null; then promtool check metrics <"$1"; fi
}
sample() { sed -n "s#^$1 ##p" "$page"; } # METRIC

new_cluster
start
backup --dst-local "zstd=$BASE"
switch_wal >/dev/null
write_page
check_page "$page"
assert_eq 644 "$(stat -c %a "$page")" "mode of the page"
assert_eq "" "$(find "$SCRATCH" -name 'pitr.prom.*')" "temporary files"
assert_eq 0 "$(sample pitr_archive_queue_files)" "archive-queue"
assert_eq +Inf "$(sample pitr_drill_age_seconds)" "drill-age"
assert_eq 1 "$(sample 'pitr_check_status{check="drill-age"}')" "status of drill-age"
ratio=$(sample "pitr_free_space_ratio{place=\"$ARCHIVE\"}")
[[ $ratio =~ ^0\.[0-9]+$ ]] || fail "no ratio: $ratio"
assert_eq 0 "$(sample "pitr_archive_lag_files{place=\"$ARCHIVE\"}")" "archive-lag"
moment=$(sample pitr_last_backup_timestamp_seconds)
[ $(($(date +%s) - moment)) -lt 100 ] || fail "the backup is said to have ended at $moment"
# Two clusters of one host are told apart; a name of our own, or a unit of another kind, is refused.
pitr-monitor -b "$BASE" -c last-backup-age --format prometheus --label cluster=main --label env=test >"$SCRATCH/labelled"
assert_contains "$SCRATCH/labelled" 'pitr_check_status{check="last-backup-age",cluster="main",env="test"} 0'
assert_fails 3 pitr-monitor -b "$BASE" --label check=x
assert_fails 3 pitr-monitor -c archive-queue --critical 10s
assert_contains "$SCRATCH/said" "archive-queue is not counted in s"
# A place that hangs: a pipe for a log that nobody writes to.
mkfifo "$SCRATCH/hangs.log"
assert_fails 3 pitr-monitor -c errors --log "$SCRATCH/hangs.log" --timeout 1 --format nagios

# The test of the page is one.
sed '/TYPE pitr_wal_gap/d' "$page" >"$SCRATCH/bad.prom"
! check_page "$SCRATCH/bad.prom" 2>/dev/null || fail "a page without a TYPE passed"

# A directory that cannot be written to leaves the page as it was.
assert_fails 3 pitr-monitor -b "$BASE" --format prometheus --output "$SCRATCH/unmounted/pitr.prom"

# Read while it is written.
(for _ in 1 2 3 4 5 6 7 8; do write_page; done; touch "$SCRATCH/written") &
writer=$!
reads=0
until [ -e "$SCRATCH/written" ] || ! kill -0 "$writer" 2>/dev/null; do
  [ "$(tail -n 1 "$page" | cut -d ' ' -f 1)" = pitr_monitor_run_timestamp_seconds ] || fail "half a page: $(cat "$page")"
  reads=$((reads + 1))
done
wait "$writer"
[ "$reads" -gt 8 ] || fail "read only $reads times"

# Without the server its metrics are gone and its checks unknown; the others stay.
stop
assert_fails 3 pitr-monitor -b "$BASE" -a "$ARCHIVE" --format prometheus --output "$page" --critical free-space= \
  --warning free-space=
assert_eq "" "$(sample pitr_archive_queue_files)" "archive-queue without a server"
assert_eq 3 "$(sample 'pitr_check_status{check="archive-queue"}')" "status of archive-queue"
assert_eq 0 "$(sample 'pitr_check_status{check="last-backup-age"}')" "status of last-backup-age"

# The same as JSON.
assert_fails 3 pitr-monitor -b "$BASE" -a "$ARCHIVE" --format json --critical free-space= --warning free-space=
python3 - "$SCRATCH/said" <<'PYTHON'
import json, sys
page = json.load(open(sys.argv[1]))
checks = {check["name"]: check for check in page["checks"]}
assert page["status"] == "UNKNOWN"
assert checks["archive-queue"]["status"] == "UNKNOWN" and checks["archive-queue"]["value"] is None
assert checks["backup-size"]["value"] > 100000 and checks["backup-size"]["unit"] == "bytes"
PYTHON
