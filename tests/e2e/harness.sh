# shellcheck shell=bash
# What every scenario begins with: . "$(dirname "$0")/../harness.sh" (at the top /harness.sh); its folder is that of the program that it is about,
# the whole ways through all of them lie here.
#
# scenario   one script, named after the behaviour that it proves. tests/run gives it an empty directory $SCRATCH of its
#            own, no stdin and a time limit. Exit status 0: proven, 77: skipped, the last line says why.
#            A line "# needs: root" near its top makes tests/run start it as root; servers run as $SERVER_USER then.
#            It runs on every major that tests/run is told of, with "# versions: 15" on that one alone.
# cluster    a data directory made by new_cluster, usually $DATA; its server log lies beside it: $DATA.log.
#            One server runs at a time: its socket lies in $SCRATCH and it listens to nothing else.
# archive    $ARCHIVE, filled by archive_command; $STAGING, $STATE and $BASE are the other places of the walk.
# set        the files of a backup in $BASE, made by `backup`.
#
# making     new_cluster, configure, archive_with, start, stop, destroy, load, stop_load, background
# acting     backup, unpack, recover, switch_wal
# looking    sql, part, member, meta, archived, wait_until, assert_eq, assert_contains, assert_absent, assert_fails, fail,
#            assert_load_adds_up, assert_indexes_are_sound
# BIN        PostgreSQL's programs; another major's directory runs the same scenarios on that major.
set -Eeuo pipefail
shopt -s nullglob

: "${SCRATCH:?is set by tests/run}" "${SERVER_USER:=$(id -un)}"
BIN=${BIN:-/usr/lib/postgresql/15/bin}
PATH=$BIN:$PATH
unset "${!PG@}"
export PGHOST=$SCRATCH PGPORT=5432 PGUSER=postgres PGDATABASE=postgres PGCONNECT_TIMEOUT=10
export TMPDIR=$SCRATCH/tmp LC_ALL=C.UTF-8

DATA=$SCRATCH/data/pg
ARCHIVE=$SCRATCH/backup/wal
BASE=$SCRATCH/backup/base
STAGING=$SCRATCH/pitr/staging
STATE=$SCRATCH/pitr/state
BACKUP_LOG=$SCRATCH/pitr/log/base_backup.log
ARCHIVE_LOG=$SCRATCH/pitr/log/archive.log

as_server=()
if [ "$(id -u)" = 0 ]; then as_server=(setpriv --reuid="$SERVER_USER" --regid="$SERVER_USER" --init-groups); fi
background_pids=()

# --- failing and cleaning up

fail() { # TEXT...: ends the scenario and names the line of the script that called
  local i
  for ((i = 0; i < ${#BASH_SOURCE[@]} - 1; ++i)); do
    [ "${BASH_SOURCE[i]}" != "$0" ] || break
  done
  echo "FAILED in line ${BASH_LINENO[i > 0 ? i - 1 : 0]}: $*" >>"$SCRATCH/failed"
  trap - ERR
  exit 1
}

on_error() { # LINE COMMAND
  echo "FAILED in line $1: $2" >>"$SCRATCH/failed"
  exit 1
}

stop_everything() {
  local status=$? file pid
  trap - EXIT ERR
  set +e
  for pid in "${background_pids[@]}"; do kill -KILL "$pid" 2>/dev/null; done
  if [ "$status" != 0 ] && [ "$status" != 77 ]; then
    # What went wrong stands at the end.
    for file in "$SCRATCH"/data/*.log "$SCRATCH"/pitr/log/* "$SCRATCH"/{background,said,failed}; do
      [ -s "$file" ] || continue
      [ "${file##*/}" = failed ] || printf '%s\n' "--- the end of ${file#"$SCRATCH"/}"
      tail -n 12 "$file" | sed "s|$SCRATCH/||g"
    done
  fi
  # The first line of postmaster.pid is the server's process.
  find "$SCRATCH" -name postmaster.pid | while read -r file; do
    read -r pid <"$file"
    kill -QUIT "$pid" 2>/dev/null && wait_for_end "$pid"
  done
  exit "$status"
}
trap 'on_error "$LINENO" "$BASH_COMMAND"' ERR
trap stop_everything EXIT
trap 'exit 143' TERM INT HUP

wait_for_end() { # PID of any process
  local i
  for ((i = 0; i < 200; ++i)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.05
  done
}

# --- looking

wait_until() { # CONDITION SECONDS: polls; the condition is shell code
  local deadline=$((SECONDS + $2))
  until eval "$1"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "not within $2 s: $1"
    sleep 0.05
  done
}

assert_eq() { # WANTED FOUND WHAT
  [ "$1" = "$2" ] || fail "$3: wanted '$1', found '$2'"
}

assert_contains() { # FILE TEXT
  grep -qF -e "$2" "$1" || fail "$1 does not contain '$2'; its end: $(tail -n 5 "$1")"
}

assert_absent() { # PATH...
  local path
  for path in "$@"; do [ ! -e "$path" ] || fail "$path exists"; done
}

assert_fails() { # STATUS COMMAND...: what it says is then in $SCRATCH/said
  local status=0
  "${@:2}" >"$SCRATCH/said" 2>&1 || status=$?
  [ "$status" = "$1" ] || fail "${*:2}: wanted status $1, found $status: $(tail -n 3 "$SCRATCH/said")"
}

sql() { psql -XAtq -v ON_ERROR_STOP=1 -c "$1"; }

lsn_number() { echo $((16#${1%/*} << 32 | 16#${1#*/})); } # 1/3C000028: a number that can be compared

part() { # data|xlog|meta|…: its path in the one set of $BASE
  local found=("$BASE"/*-"$1"-*)
  [ "${#found[@]}" = 1 ] || fail "${#found[@]} files are the $1 part in $BASE: $(ls "$BASE")"
  echo "${found[0]}"
}

member() { # PART PATH: a member of the tar on stdout
  tar -xOf "$(part "$1")" "$2"
}

meta() { member meta meta | sed -n "s|^$1: ||p"; } # KEY: its value in the meta file

is_running() { [ -e "$DATA/postmaster.pid" ]; }

# --- making

new_cluster() { # OPTIONS of initdb...
  mkdir -p "$SCRATCH/data" "$SCRATCH/pitr/log" "$ARCHIVE" "$BASE" "$TMPDIR"
  [ "${#as_server[@]}" = 0 ] || chown "$SERVER_USER:" "$SCRATCH" "$SCRATCH"/{data,pitr,pitr/log,backup} "$ARCHIVE" \
    "$BASE" "$TMPDIR"
  "${as_server[@]}" initdb -D "$DATA" -k -N -A trust -U postgres --no-locale -E UTF8 "$@" >"$SCRATCH/initdb.log"
  configure "shared_buffers = 16MB" "max_connections = 20" "min_wal_size = 32MB" "max_wal_size = 256MB" \
    "wal_level = replica" "archive_mode = on" "log_line_prefix = '%m [%p] '" "timezone = UTC"
  archive_with zstd
}

configure() { # SETTING...
  printf '%s\n' "$@" >>"$DATA/postgresql.conf"
}

archive_with() { # CODEC: archive_command of the walk
  configure "archive_command = 'pitr-archive -dl $1=$ARCHIVE -db $STAGING -s $STATE -l $ARCHIVE_LOG -v \"%p\"'"
}

start() {
  "${as_server[@]}" pg_ctl -D "$DATA" -l "$DATA.log" -s -w -t 60 \
    -o "-c listen_addresses='' -c unix_socket_directories='$PGHOST' -c port=$PGPORT" start
}

start_expecting_death() { # [HISTORY]: the server of $DATA, in a recovery that must not come to an end and write HISTORY
  start || true
  # PostgreSQL removes the signal file when it promotes.
  wait_until '! is_running || [ ! -e "$DATA/recovery.signal" ]' 60
  [ -e "$DATA/recovery.signal" ] || fail "recovery.signal is gone: the server has promoted"
  assert_absent "$DATA/pg_wal/${1:-00000002.history}"
}

stop() { "${as_server[@]}" pg_ctl -D "$DATA" -s -m "${1:-fast}" stop; } # [MODE]

destroy() { # what a disaster leaves of $DATA
  stop immediate
  rm -rf "$DATA"
}

background() { # COMMAND...: runs until kill_background or the end of the scenario; what it says is in $SCRATCH/background
  "$@" >>"$SCRATCH/background" 2>&1 &
  background_pids+=($!)
}

kill_background() {
  local pid
  for pid in "${background_pids[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  background_pids=()
}

load() { # a pgbench that goes on until kill_background
  pgbench -i -q -s 1 >"$SCRATCH/pgbench-init.log" 2>&1
  background pgbench -n -c 2 -T 600
}

stop_load() { # afterwards its tables change no more
  kill_background
  wait_until '[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = '\''pgbench'\''")" = 0 ]' 20
}

# pgbench moves the same amount in all of its tables: a snapshot that is torn anywhere does not add up.
assert_load_adds_up() {
  assert_eq t "$(sql "SELECT count(*) = 1 FROM (SELECT sum(abalance) FROM pgbench_accounts
      UNION SELECT sum(bbalance) FROM pgbench_branches UNION SELECT sum(tbalance) FROM pgbench_tellers
      UNION SELECT coalesce(sum(delta), 0) FROM pgbench_history) AS sums")" "pgbench's sums are the same"
}

assert_indexes_are_sound() { # all of the cluster's, against their tables; it must take writes
  sql "CREATE EXTENSION IF NOT EXISTS amcheck"
  sql "SELECT bt_index_check(oid, true) FROM pg_class
      WHERE relkind = 'i' AND relam = 403 AND relpersistence = 'p'" >"$SCRATCH/checked"
  [ "$(wc -l <"$SCRATCH/checked")" -gt 50 ] || fail "only $(wc -l <"$SCRATCH/checked") indexes were checked"
}

# --- acting

backup() { # OPTIONS...: the walk's pitr-base; the destination is $BASE, gzip unless --dst-local is among them
  local destination=(--dst-local "gzip=$BASE/")
  case " $* " in *" --dst-local"*) destination=() ;; esac
  pitr-base --host="$PGHOST" --username=postgres --port="$PGPORT" --data-dir="$DATA/" "${destination[@]}" \
    --xlogs="$STAGING" --temp-dir="$SCRATCH/pitr/tmp/" --pid-file="$SCRATCH/pitr/base_backup.pid" \
    --log="$BACKUP_LOG" --verbose "$@"
}

assert_nothing_runs() { # in the server, of any backup
  assert_eq 0 "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pitr-base'")" "sessions of pitr-base"
}

assert_nothing_left() { # of a backup that is over
  assert_absent "$STAGING" "$SCRATCH/pitr/base_backup.pid"
  assert_eq "" "$(find "$TMPDIR" "$SCRATCH/pitr/tmp" -mindepth 1)" "temporary files"
  assert_eq "" "$(find "$BASE" -name '*.tmp.*')" "temporary files of the set"
}

unpack() { # DIRECTORY: the data and then the xlog tar, by plain tar; PostgreSQL's own check passes
  local file
  mkdir -p "$1"
  for file in "$(part data)" "$(part xlog)"; do tar -xf "$file" -C "$1"; done
  for file in "$1"/*/backup_manifest; do pg_verifybackup -q "${file%/*}"; done
}

recover() { # SETTING...: $DATA from the set, WAL from $ARCHIVE, with these settings; the server is not started
  rm -rf "$DATA"
  unpack "$(dirname "$DATA")"
  configure "restore_command = 'pitr-restore -s $ARCHIVE --retry-time 1 -l $SCRATCH/pitr/log/restore.log -v %f %p'" "$@"
  touch "$DATA/recovery.signal"
}

wait_for_promotion() { wait_until '[ "$(sql "SELECT pg_is_in_recovery()")" = f ]' 60; }

switch_wal() { # ends the current segment, waits until it is archived, prints its name
  local name
  # An idle server switches nothing.
  name=$(sql "SELECT pg_create_restore_point('switch')" >/dev/null && sql "SELECT pg_walfile_name(pg_switch_wal())")
  wait_until "archived $name" 60
  echo "$name"
}

segments=()
add_segments() { # NUMBER...: each is a row of the table t and a segment of its own, whose name is added to `segments`
  local number
  for number; do
    sql "INSERT INTO t VALUES ($number)"
    segments+=("$(switch_wal)")
  done
}

archived() { # SEGMENT: in $ARCHIVE under any suffix, without temporary files
  local file
  for file in "$ARCHIVE/$1"{,.gz,.zst,.lz4,.bz2,.xz,.lzma}; do [ ! -e "$file" ] || return 0; done
  return 1
}
