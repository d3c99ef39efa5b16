#!/bin/bash
# A standby that is far behind prefetches from its second segment on; promoted, it leaves neither spool nor worker.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"
. "$(dirname "$0")/../standby.inc"

new_cluster --wal-segsize=1
start
backup
fill_segments 20
destroy

LOG=$SCRATCH/pitr/log/restore.log
restore_into "$STANDBY" --standby >"$SCRATCH/recover.out"
assert_contains "$STANDBY/postgresql.auto.conf" " --prefetch-dir $STANDBY.pitr-prefetch "
log_restores "$STANDBY" "$LOG"
DATA=$STANDBY
start
wait_until '[ "$(sql "SELECT count(*) FROM t" 2>/dev/null)" = 40000 ]' 60
[ "$(grep -c "restored from $STANDBY.pitr-prefetch" "$LOG")" -ge 8 ] || fail "few came from the spool: $(cat "$LOG")"
[[ $(grep "restored from" "$LOG" | head -n 2) != *pitr-prefetch* ]] || fail "prefetched after one segment"
sql "SELECT pg_promote()" >/dev/null
wait_for_promotion
assert_eq 40000 "$(sql "SELECT count(*) FROM t")" "the rows"
wait_until '[ ! -e "$STANDBY.pitr-prefetch" ]' 20
