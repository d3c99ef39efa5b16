#!/bin/bash
# pitr-restore --remove-unneeded removes nothing that this recovery still reads: neither before PostgreSQL knows where redo
# begins (it gives timeline 0 for %r then), nor while pg_control says less than the label.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
start
sql "CREATE TABLE t (n int)"
add_segments 1 2 3
background backup --max-rate=4M
wait_until "grep -q 'returned .*|' '$BACKUP_LOG' 2>/dev/null" 60
first=$(sed -n 's/.*pg_backup_start.*returned [^|]*|\([0-9A-F]*\)\..*/\1/p' "$BACKUP_LOG")
for number in 4 5 6; do
  add_segments "$number"
  sql "CHECKPOINT"
done
wait "${background_pids[0]}"
background_pids=()
destroy
cp -r "$ARCHIVE" "$SCRATCH/spare"

recover_with() { # WORDS of pitr-restore for what it may remove: from the data file and the archive alone
  rm -rf "$DATA"
  [ ! -e "$ARCHIVE" ] || { rm -rf "$ARCHIVE"; cp -rp "$SCRATCH/spare" "$ARCHIVE"; }
  tar -xf "$(part data)" -C "$(dirname "$DATA")"
  configure "archive_mode = off" \
    "restore_command = 'pitr-restore -s $ARCHIVE --retry-time 1 -l $SCRATCH/pitr/log/restore.log -v $1 %f %p'"
  touch "$DATA/recovery.signal"
  [ "${#as_server[@]}" = 0 ] || chown -R "$SERVER_USER:" "$DATA" "$ARCHIVE"
  start
  wait_for_promotion
  assert_eq 6 "$(sql "SELECT count(*) FROM t")" "rows"
  stop
}
recover_with "-r %r"
archived "$first" || fail "$first is gone, from which the next recovery begins"
if archived "${segments[0]}"; then fail "nothing was removed"; fi

# As pitr-expire leaves an archive: whatever goes now is needed.
for file in "$SCRATCH/spare"/0000*; do
  name=${file##*/}
  [[ ${name:0:24} > $first || ${name:0:24} = "$first" ]] || rm "$file"
done
for words in "-r" "-rb -r"; do
  recover_with "$words"
  archived "$first" || fail "$words: $first is gone, from which the next recovery begins"
done
