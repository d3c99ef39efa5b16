#!/bin/bash
# The server's timeouts end idle sessions and long statements of others; the session of a backup outlives them.
. "$(dirname "$0")/../harness.sh"

new_cluster
configure "statement_timeout = 2s" "lock_timeout = 1s" "idle_in_transaction_session_timeout = 2s"
# PostgreSQL 13 has not got it yet.
[[ $(postgres --version) == *" 13."* ]] || configure "idle_session_timeout = 2s"
start
# Held back while it copies, until its session was idle for longer than the server allows.
background backup --dst-local "bzip2=$BASE" --parallel-jobs 1
wait_until 'grep -qs "pg_backup_start(.*) returned" "$BACKUP_LOG"' 30
read -r pid <"$SCRATCH/pitr/base_backup.pid"
kill -STOP "$pid"
wait_until '[ "$(sql "SELECT state = '\''idle'\'' AND clock_timestamp() - state_change > interval '\''4 s'\''
    FROM pg_stat_activity WHERE application_name = '\''pitr-base'\''")" != f ]' 30
assert_eq 1 "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pitr-base'")" "sessions of pitr-base"
assert_eq "" "$(find "$BASE" -name '*-meta-*')" "the set before its end"
kill -CONT "$pid"
wait "${background_pids[0]}" || fail "the backup: $(cat "$SCRATCH/background")"
unpack "$SCRATCH/new"
