#!/bin/bash
# --list shows the backups with their state, as text and as JSON; a set that is being removed is not read.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
backup
backup --filename-template='later-__FILETYPE__.tar__CEXT__'
cp "$BASE"/later-meta.tar.gz "$BASE"/broken-meta.tar.gz
truncate -s 100 "$BASE"/broken-meta.tar.gz
echo x >"$BASE/lonely-data.tar.gz"
pitr-recover -b "$BASE" --list >"$SCRATCH/list"
assert_eq 4 "$(wc -l <"$SCRATCH/list")" "lines of the list"
assert_contains "$SCRATCH/list" "later-data.tar  20"
assert_contains "$SCRATCH/list" "timeline 1  PostgreSQL $(psql -XAtqc 'SHOW server_version' | sed 's/ .*//')"
assert_contains "$SCRATCH/list" "lonely-data.tar.gz  no backup: its meta file is missing"
assert_contains "$SCRATCH/list" "unreadable: "
pitr-recover -b "$BASE" --list --format=json >"$SCRATCH/json"
python3 - "$SCRATCH/json" <<'END'
import json, sys
sets = json.load(open(sys.argv[1]))
assert [s["state"] for s in sets] == ["complete", "complete", "unreadable"], sets
assert sets[1]["name"] == "later-data.tar" and sets[1]["Start-Timeline"] == 1 and sets[1]["Segment-Size"] == 1 << 20, sets
assert sets[0]["Stop-LSN"] and sets[0]["System-Identifier"].isdigit(), sets
END

switch_wal >/dev/null
python3 - "$BASE/later-meta.tar.gz" "$SCRATCH/locked" <<'END' &
import fcntl, signal, struct, sys
file = open(sys.argv[1], "r+b")
fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
open(sys.argv[2], "w").close()
signal.pause()
END
background_pids+=($!)
wait_until '[ -e "$SCRATCH/locked" ]' 20
assert_fails 1 restore_into "$NEW"
assert_contains "$SCRATCH/said" "later-meta.tar.gz: it is being removed"
kill_background
restore_into "$NEW" --backup=later-data.tar
assert_contains "$BASE"/later-data.tar.*.lease "Expires: 20"

# Where no lease can be written, that is a warning.
rm -rf "$NEW"
rm "$BASE"/*.lease
chmod a-w "$BASE"
restore_into "$NEW" --backup=later-data.tar 2>"$SCRATCH/said"
chmod u+w "$BASE"
assert_contains "$SCRATCH/said" "retention is not told that this backup and its WAL are needed"
assert_absent "$BASE"/later-data.tar.*.lease
