#!/bin/bash
# versions: all
# pitr-check: every setting that is wrong has its line, which says what to do; archiving that does not work is found out
# and not waited for longer than needed.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/check.inc"

new_cluster --wal-segsize=1 --allow-group-access
configure "archive_timeout = 5min"
start
switch_wal >/dev/null
good=$(sql "SHOW archive_command")

# What is discarded never arrives; what fails is known after three tries, long before the timeout.
reload "archive_command = '/bin/true'"
assert_check 1 --timeout 2 --dst-local "$ARCHIVE"
assert_line failed "archive_command: /bin/true: throws all WAL away" "set archive_command = 'pitr-archive"
assert_line failed "$ARCHIVE: " "has not arrived: archive_command says that it is archived"
assert_check 1 --timeout 2
assert_line warning "destinations: the settings name none"
reload "archive_command = 'false'"
began=$SECONDS
assert_check 1 --timeout 60 --dst-local "$ARCHIVE"
[ $((SECONDS - began)) -lt 30 ] || fail "it waited for $((SECONDS - began)) s"
assert_line failed "archive_command: false: nothing is archived"
failed_wal=$(sql "SELECT last_failed_wal FROM pg_stat_archiver")
assert_line failed "$ARCHIVE: " "archive_command has failed 3 times meanwhile, the last time on $failed_wal"
reload "archive_command = ''"
assert_check 1
assert_line failed "archive_command: is empty"
assert_line failed "archiving: was not tried: archive_command is empty"

# A command that cannot be read is not guessed at.
reload "archive_command = '$good || true'"
assert_check 0 --dst-local "$ARCHIVE"
assert_line warning "archive_command: " "is not understood: '|' in it needs a shell"
reload "archive_command = '$good && true'"
assert_check 0 --dst-local "$ARCHIVE"
assert_line warning "archive_command: " "its other commands do not run for the files that pitr-archive archives ahead"
reload "archive_command = 'pitr-archive --dts-local $ARCHIVE \"%p\"'"
assert_check 1 --dst-local "$ARCHIVE"
assert_line warning "archive_command: " "unknown option --dts-local (did you mean --dst-local?)"
assert_line failed "$ARCHIVE: " "archive_command has failed 3 times meanwhile"
reload "archive_command = 'test ! -f $ARCHIVE/%f && cp %p $ARCHIVE/%f'"
assert_check 0 --dst-local "$ARCHIVE"
assert_line warning "archive_command: " "cp says yes before the file is durable"
reload "archive_command = '$good'" "full_page_writes = off" "fsync = off" "archive_timeout = 0"
assert_check 1
assert_line warning "full_page_writes: off" "set full_page_writes = on"
assert_line failed "fsync: off" "set fsync = on"
assert_line warning "archive_timeout: 0" "set archive_timeout"
assert_line ok "$ARCHIVE: " "byte for byte"

# Commands that are killed, or not found, are counted nowhere, and PostgreSQL pauses for a minute.
reload "archive_command = 'kill -9 \$\$'"
assert_check 1 --timeout 2 --dst-local "$ARCHIVE"
assert_line failed "$ARCHIVE: " "has not arrived: the archiver has a queue of " "only in the server's log"
reload "archive_command = '/opt/nowhere/pitr-archive -dl $ARCHIVE %p'"
assert_check 1 --timeout 1
assert_line failed "programs: /opt/nowhere/pitr-archive: is not there"

configure "archive_command = '$good'" "wal_level = minimal" "max_wal_senders = 0" "archive_mode = off" "fsync = on"
stop
start
assert_check 1
assert_line failed "wal_level: minimal" "set wal_level = replica and restart"
assert_line failed "archive_mode: off" "set archive_mode = on and restart"
assert_line failed "archiving: was not tried: archiving is off"
# The configuration file still says where the WAL would go.
assert_line ok "$ARCHIVE: marked for this cluster"
configure "wal_level = replica" "archive_mode = on"
sql "SELECT pg_reload_conf()" >/dev/null
wait_until '[ "$(sql "SELECT count(*) FROM pg_settings WHERE pending_restart")" -gt 0 ]' 20
assert_check 1
assert_line warning "archive_mode: was changed" "restart the server"
stop
assert_check 1
assert_line failed "server: connect to the server"
assert_line failed "archiving: was not tried"
