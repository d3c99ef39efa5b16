#!/bin/bash
# needs: root
# pitr-base started by root becomes the owner of the data directory: nothing that it makes belongs to root.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
backup --digest SHA-256 --dst-local "gzip=$BASE"
stop
part meta >/dev/null
assert_contains "$BACKUP_LOG" "All done."
# What the harness and this script make by themselves.
assert_eq "" "$(find "$SCRATCH/pitr" "$SCRATCH/backup" "$SCRATCH/data" ! -user "$SERVER_USER" ! -name pg.log)" \
  "files that are not $SERVER_USER's"
assert_eq "600" "$(stat -c %a "$BASE"/* | sort -u)" "the mode of the set, as open as the data directory"
