#!/bin/bash
# A recovery that pitr-recover set up gets most of its segments from the spool beside the data directory: the data is
# right, and afterwards neither spool nor worker is left.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

assert_nothing_left() {
  wait_until '[ ! -e "$NEW.pitr-prefetch" ]' 20
  wait_until '! pgrep -f "pitr-restore .*$NEW.pitr-prefetch" >/dev/null' 20
}
segments_from() { sed -n "s|.*restored from $1|&|p" "$LOG" 2>/dev/null | wc -l; } # PLACE

new_cluster --wal-segsize=1
start
backup
fill_segments 44
destroy

restore_into "$NEW" >"$SCRATCH/recover.out"
assert_contains "$NEW/postgresql.auto.conf" " --prefetch-dir $NEW.pitr-prefetch --until 0"
LOG=$SCRATCH/pitr/log/restore.log
log_restores "$NEW" "$LOG"
DATA=$NEW
start
wait_for_promotion
assert_eq "44 88000" "$(sql "SELECT count(DISTINCT n) || ' ' || count(*) FROM t")" "the rows"
hits=$(segments_from "$NEW.pitr-prefetch")
[ "$hits" -ge 20 ] || fail "only $hits segments came from the spool, $(segments_from "$ARCHIVE") from the archive"
assert_nothing_left

# Nor does a server leave anything that is stopped in the middle of a recovery.
stop
rm -rf "$NEW" "$LOG"
restore_into "$NEW" >"$SCRATCH/recover.out"
log_restores "$NEW" "$LOG"
"${as_server[@]}" pg_ctl -D "$DATA" -l "$DATA.log" -s -W \
  -o "-c listen_addresses='' -c unix_socket_directories='$PGHOST'" start
wait_until '[ "$(segments_from "$NEW.pitr-prefetch")" -ge 3 ]' 60
stop immediate
assert_nothing_left
