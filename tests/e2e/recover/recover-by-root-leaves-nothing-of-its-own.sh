#!/bin/bash
# Run by root, pitr-recover wants to know whose the cluster will be, and everything it leaves is that user's.
# needs: root
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"
as_server=()

new_cluster_as_server() { (as_server=(setpriv --reuid="$SERVER_USER" --regid="$SERVER_USER" --init-groups) && "$@"); }
new_cluster_as_server new_cluster --wal-segsize=1
new_cluster_as_server start
backup
switch_wal >/dev/null
mkdir -p "${NEW%/*}"
assert_fails 2 restore_into "$NEW"
assert_contains "$SCRATCH/said" "(--owner postgres)"
assert_fails 1 restore_into "$NEW" --owner="$SERVER_USER"
assert_contains "$SCRATCH/said" "create directory $NEW: permission denied"
chown "$SERVER_USER:" "${NEW%/*}"
restore_into "$NEW" --owner="$SERVER_USER" --start --isolated >/dev/null
assert_eq "" "$(find "$NEW" ! -user "$SERVER_USER")" "files of somebody else"
assert_fails 2 restore_into "$NEW.too" --owner=nobody-of-that-name
