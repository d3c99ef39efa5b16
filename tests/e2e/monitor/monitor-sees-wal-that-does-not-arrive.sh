#!/bin/bash
# What the server takes for archived has to be in every archive: pitr-monitor counts what is not, whatever the archive_command
# is; a command that says yes and stores nothing is known by its text, one that fails by what the server says of it.
. "$(dirname "$0")/../harness.sh"

monitor() { pitr-monitor -a "$ARCHIVE" "$@"; }
assert_status() { # STATUS CHECK TEXT [OPTIONS...]
  local status=0
  monitor -c "$2" --format text "${@:4}" >"$SCRATCH/said" 2>&1 || status=$?
  assert_eq "$1" "$status" "status of $2: $(cat "$SCRATCH/said")"
  assert_contains "$SCRATCH/said" "$3"
}
reload() { # COMMAND: the archive_command from here on
  configure "archive_command = '$1'"
  local before
  before=$(sql "SELECT pg_conf_load_time()")
  sql "SELECT pg_reload_conf()" >/dev/null
  wait_until "[ \"\$(sql \"SELECT pg_conf_load_time() > '$before'\")\" = t ]" 20
}
segment() { # until the server takes it for archived
  local name
  name=$(sql "SELECT pg_create_restore_point('x')" >/dev/null && sql "SELECT pg_walfile_name(pg_switch_wal())")
  wait_until "[ \"\$(sql \"SELECT last_archived_wal >= '$name' FROM pg_stat_archiver\")\" = t ]" 60
}

new_cluster --wal-segsize=1
start
pitr-archive --init -D "$DATA" -dl "$ARCHIVE" >/dev/null
assert_status 0 archive-lag "nothing has been archived yet"
switch_wal >/dev/null
last=$(switch_wal)
assert_status 0 archive-lag "$last has arrived"
assert_status 0 archiving-off "by archive_command"

# Known by its text.
for command in "test -f %p" "echo %p" "/usr/local/bin/true" "true # until monday"; do
  reload "$command"
  assert_status 2 archiving-off "archive_command '$command' throws WAL away"
done

# Known by what does not arrive.
printf '#!/bin/sh\nexit 0\n' >"$SCRATCH/store-nothing"
chmod +x "$SCRATCH/store-nothing"
reload "$SCRATCH/store-nothing %p"
segment
assert_status 1 archive-lag "is archived, and $ARCHIVE ends before it"
segment
segment
assert_status 2 archive-lag "is archived, and $ARCHIVE ends before it"
assert_status 0 archiving-off "by archive_command"

# Another archive of the same host has nothing; another one is another cluster's.
mkdir "$SCRATCH/backup/empty" "$SCRATCH/backup/other"
assert_status 2 archive-lag "$SCRATCH/backup/empty has no WAL, and the server says" -a "$SCRATCH/backup/empty"
"${as_server[@]}" initdb -D "$SCRATCH/data/other" -N -A trust -U postgres >/dev/null
pitr-archive --init -D "$SCRATCH/data/other" -dl "$SCRATCH/backup/other" >/dev/null
assert_status 2 archive-lag "$SCRATCH/backup/other is the archive of cluster" -a "$SCRATCH/backup/other"

# A command that fails is seen before its queue is long.
printf '#!/bin/sh\nexit 1\n' >"$SCRATCH/store-nothing"
sql "SELECT pg_create_restore_point('x')" >/dev/null
sql "SELECT pg_switch_wal()" >/dev/null
wait_until '[ "$(sql "SELECT failed_count > 0 FROM pg_stat_archiver")" = t ]' 60
assert_status 0 archiving-off "by archive_command, which fails: the last time "

# A spool that was never needed is empty; places of another host are left out where only this one can be looked at.
assert_status 0 spool-queue "nothing waits" --spool-dir "$SCRATCH/pitr/spool"
assert_fails 3 pitr-monitor -c spool-queue --spool-dir "$SCRATCH/unmounted/spool"
monitor -c free-space --spool-dir "$SCRATCH/pitr/spool" --warning free-space=0: --critical free-space=0: >"$SCRATCH/said" ||
  fail "$(cat "$SCRATCH/said")"
pitr-monitor -b host:/base -c free-space -a "$ARCHIVE" --warning free-space=0: --critical free-space=0: >"$SCRATCH/said" ||
  fail "$(cat "$SCRATCH/said")"
