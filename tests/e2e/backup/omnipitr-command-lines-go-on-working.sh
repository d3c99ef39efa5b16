#!/bin/bash
# The options that OmniPITR's users have in their crontabs are taken by pitr-base, those without a meaning, too. The
# pause trigger is there while the backup runs, and a person's own one stays.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
trigger=$SCRATCH/pitr/paused
as_omnipitr() { # OPTIONS...: one letter per option, as in the old documentation, and paths of programs
  pitr-base -D "$DATA/" -h "$PGHOST" -U postgres -d postgres -x "$STAGING" -dl "gzip=$BASE/" -t "$SCRATCH/pitr/tmp/" \
    -f '__HOSTNAME__-__FILETYPE__-^Y-^m-^d_^H^M^S_^s.tar__CEXT__' -dg SHA-256 -PJ 2 -nn -l "$BACKUP_LOG" -v \
    -tp /bin/tar -ep /usr/bin/tee -pp /usr/bin/psql -sh /bin/bash -gp /bin/gzip -bp bzip2 -lp lzma -ll lz4 -xz xz -np nice "$@"
}

as_omnipitr -P 5432 --removal-pause-trigger "$trigger" --max-rate 8M &
background_pids+=($!)
wait_until '[ -s "$trigger" ]' 30
wait "${background_pids[0]}"
assert_absent "$trigger"
assert_contains "$BACKUP_LOG" "--gzip-path has no meaning"

echo "paused by me" >"$trigger"
wait_until '[ "$(date +%s)" != "$(stat -c %Y "$trigger")" ]' 5 # names of their own
as_omnipitr --removal-pause-trigger "$trigger"
assert_eq "paused by me" "$(cat "$trigger")" "the trigger of a person"
assert_contains "$BACKUP_LOG" "removal is paused already"

# What a killed backup left is taken over.
echo 1 >"$trigger"
wait_until '[ "$(date +%s)" != "$(stat -c %Y "$trigger")" ]' 5
as_omnipitr --removal-pause-trigger "$trigger"
assert_absent "$trigger"

# Without WAL: the staging directory is not there, and is not needed.
wait_until '[ "$(date +%s)" != "$(stat -c %Y "$BACKUP_LOG")" ]' 5
as_omnipitr -sx
assert_eq 4 "$(find "$BASE" -name '*-data-*' | wc -l)" "backups"
assert_eq 3 "$(find "$BASE" -name '*-xlog-*' | wc -l)" "backups with WAL"

assert_fails 2 as_omnipitr -p /data/pitr/pause
assert_contains "$SCRATCH/said" "--removal-pause-trigger"
