#!/bin/bash
# D36: the clock of the host steps back a day, or an hour at the end of summer time: a name that is taken is refused
# before anything is read, another one works, and what the meta file tells of the server goes on forwards.
. "$(dirname "$0")/../harness.sh"

library=$(dpkg -L libfaketime | grep '/libfaketime.so.1$') || { echo "needs libfaketime (package faketime)"; exit 77; }

at() { # UTC-TIME COMMAND...: with the clock set to it
  local offset=$(($(date -d "$1 UTC" +%s) - EPOCHSECONDS))
  case $offset in -*) ;; *) offset=+$offset ;; esac
  LD_PRELOAD=$library FAKETIME=$offset DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1 "${@:2}"
}

assert_refused_unread() { # what has just failed
  assert_contains "$SCRATCH/said" "$BASE/"
  assert_contains "$SCRATCH/said" "exists"
  ! tail -n 2 "$BACKUP_LOG" | grep -q "pg_backup_start" || fail "it was refused after the start: $(cat "$BACKUP_LOG")"
  assert_eq "$before" "$(cd "$BASE" && sha256sum ./*)" "the sets that were there"
  assert_nothing_left
}

meta_of() { tar -xOf "$1" meta | sed -n "s|^$2: ||p"; } # FILE KEY

new_cluster
start
export TZ=UTC
at "2026-03-10 12:00" backup
at "2026-03-09 12:00" backup
first=("$BASE"/*-meta-2026-03-10*)
second=("$BASE"/*-meta-2026-03-09*)
assert_eq "1 1" "${#first[@]} ${#second[@]}" "sets of the two days"
# These are the server's, whose clock did not step.
[ "$(lsn_number "$(meta_of "${second[0]}" Start-LSN)")" -gt "$(lsn_number "$(meta_of "${first[0]}" Start-LSN)")" ] ||
  fail "the LSN of the second backup is not behind that of the first"
[[ ! $(meta_of "${second[0]}" Start-Time) < $(meta_of "${first[0]}" Start-Time) ]] || fail "Start-Time went back"
before=$(cd "$BASE" && sha256sum ./*)
assert_fails 1 at "2026-03-09 23:00" backup
assert_refused_unread

# 02:30 comes twice that night.
export TZ=CET-1CEST,M3.5.0,M10.5.0/3
template=__HOSTNAME__-__FILETYPE__-^Y-^m-^d_^H^M
at "2026-10-25 00:30" backup -f "$template.tar__CEXT__"
part_of_that_night=("$BASE"/*-meta-2026-10-25_0230.tar.gz)
assert_eq 1 "${#part_of_that_night[@]}" "sets of 02:30"
before=$(cd "$BASE" && sha256sum ./*)
assert_fails 1 at "2026-10-25 01:30" backup -f "$template.tar__CEXT__"
assert_refused_unread
at "2026-10-25 01:30" backup -f "${template}_^Z.tar__CEXT__"
assert_eq 4 "$(find "$BASE" -name '*-meta-*' | wc -l)" "sets in the end"
