#!/bin/sh
# The far side of pitr-sync (see copy_output.h): makes a directory of this host a copy of a running cluster, for as long
# as the connection lasts. A command is a line with a verb, and a line for each of its arguments; so no path is ever
# read as a part of a command. A reply is a line that begins with '/': /ok, /free, /holds WHAT, /refused WHY, /fail REASON;
# /wait says that a long step goes on.
LC_ALL=C
export LC_ALL
unset TAR_OPTIONS
umask 077
exec 4>&1
newline='
'
mark=pitr-sync.unfinished  # in a directory that is no whole copy; with rsync it holds the names of what belongs there
control=global/pg_control
original=     # what identifies the data directory that is copied
tablespaces=  # lines in threes: path, the cluster's directory in it, what identifies the original
tar=tar
decompressor=

reply() { printf '/%s\n' "$*" >&4; }
reason() { # TEXT: its first line
  text=${1%%"$newline"*}
  reply "fail ${text:-of no known reason}"
}

# Runs a step that may take long, and says so every few seconds: nothing else tells a busy host from a dead one.
slowly() { # COMMAND...
  (while sleep 5 >/dev/null 2>&1 4>&-; do reply wait; done) &
  beat=$!
  "$@"
  status=$?
  kill "$beat" 2>/dev/null
  wait "$beat" 2>/dev/null
  return "$status"
}

programs() { # TAR DECOMPRESSOR RSYNC ANOTHER: what is wanted here; "" for none
  tar=$1
  decompressor=$2
  case $("$tar" --version 2>/dev/null) in
    *'GNU tar'*) ;;
    *) reply "fail $tar is no GNU tar here" && return ;;
  esac
  for program in "$2" "$3" "$4"; do
    if [ -n "$program" ] && ! command -v "$program" >/dev/null 2>&1; then
      reply "fail it has no $program"
      return
    fi
  done
  if [ -n "$3" ] && ! comm -z /dev/null /dev/null >/dev/null 2>&1; then
    reply "fail it has no comm -z (GNU coreutils 8.25 at least)"
    return
  fi
  reply ok
}

# --- what is there

identity() { # PATH
  printf '%s %s\n' "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" "$(stat -L -c %d:%i "$1" 2>/dev/null)"
}

# Says why nothing can be made at PATH, or nothing. What does not exist can be, in a directory that does.
why_no_directory() { # PATH
  if [ -h "$1" ]; then
    echo "it is a symbolic link, which is not followed: name $(readlink "$1") itself"
  elif [ -e "$1" ]; then
    [ -d "$1" ] && [ -r "$1" ] && [ -w "$1" ] && [ -x "$1" ] || echo "it is no directory that can be written to"
  elif [ ! -d "${1%/*}/" ]; then
    echo "there is no directory ${1%/*} (is its disk mounted?)"
  fi
}

is_alive() { # PID
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ]
}

why_in_use() { # DIRECTORY: says which server runs in it, or below it
  files=$(find "$1" -name postmaster.pid 2>&1) || {
    echo "it cannot be looked through: ${files##*"$newline"}"
    return
  }
  printf '%s\n' "$files" | while IFS= read -r file; do
    pid=
    if [ -n "$file" ]; then IFS= read -r pid <"$file"; fi
    if is_alive "$pid"; then
      echo "a server runs in ${file%/*}: process $pid (if that is something else, remove $file)"
      break
    fi
  done
}

why_inside_another() { # DIRECTORY
  above=$(cd -P "${1%/*}/" 2>/dev/null && pwd -P)
  while [ -n "$above" ]; do
    if [ -e "$above/PG_VERSION" ]; then
      echo "it lies in the data directory $above"
      return
    fi
    above=${above%/*}
  done
}

is_empty() { [ -z "$(find "$1" -mindepth 1 -maxdepth 1 ! -name lost+found 2>&1 | head -n 1)" ]; } # DIRECTORY

why_not_data() {
  why=$(why_no_directory "$data")
  if [ -z "$why" ]; then why=$(why_inside_another "$data"); fi
  if [ -n "$why" ] || [ ! -e "$data" ]; then
    echo "$why"
  elif [ "$(identity "$data")" = "$original" ]; then
    echo "it is the data directory that is to be copied"
  else
    why=$(slowly why_in_use "$data")
    if [ -n "$why" ]; then
      echo "$why"
    elif ! is_empty "$data" && [ ! -e "$data/PG_VERSION" ] && [ ! -e "$data/$mark" ]; then
      echo "it is neither empty nor a data directory: what is in it is not for us to remove"
    fi
  fi
}

is_tablespace_of_data() { # PATH VERSION-DIRECTORY
  for link in "$data"/pg_tblspc/*; do
    if [ -h "$link" ] && [ "$(readlink "$link")" = "$1" ]; then return 0; fi
  done
  # The links come last.
  grep -qzxF -e "$1/$2/" "$data/$mark" 2>/dev/null
}

why_not_tablespace() { # PATH VERSION-DIRECTORY ORIGINAL
  why=$(why_no_directory "$1")
  if [ -n "$why" ]; then
    case $1 in "$data"/*) ;; *) echo "$why" ;; esac
  elif [ -e "$1" ] && [ "$(identity "$1")" = "$3" ]; then
    echo "it is the tablespace that is to be copied: give --map"
  elif [ -e "$1/$2" ] && ! is_tablespace_of_data "$1" "$2"; then
    echo "$2 is in it, and is no tablespace of what lies in $data: another cluster's?"
  fi
}

look() { # ORIGINAL
  original=$1
  why=$(why_not_data)
  if [ -n "$why" ]; then
    reply "refused $why"
  elif [ ! -e "$data" ] || is_empty "$data"; then
    reply free
  elif [ -e "$data/$mark" ]; then
    reply "holds an unfinished copy"
  else
    reply "holds a cluster of PostgreSQL $(cat "$data/PG_VERSION" 2>/dev/null)"
  fi
}

tablespace() { # PATH VERSION-DIRECTORY ORIGINAL
  why=$(why_not_tablespace "$1" "$2" "$3")
  if [ -n "$why" ]; then
    reply "refused $why"
    return
  fi
  tablespaces=$tablespaces$1$newline$2$newline$3$newline
  if [ -e "$1/$2" ]; then reply "holds $2"; else reply free; fi
}

each_tablespace() { # COMMAND: called with path, version directory, original; its first failure ends it
  printf '%s' "$tablespaces" | while IFS= read -r path && IFS= read -r version && IFS= read -r its_original; do
    "$1" "$path" "$version" "$its_original" </dev/null || exit 1
  done
}

# --- what is done

clear_tablespace() { # PATH VERSION-DIRECTORY
  case $1 in "$data"/*) return 0 ;; esac  # goes with the data directory
  [ -d "$1" ] || mkdir "$1" || return
  rm -rf --one-file-system -- "${1:?}/$2"
}

clear_data() {
  [ -d "$data" ] || mkdir -m 700 "$data" || return
  : >>"$data/$mark" || return
  # From here on it does not start.
  rm -f -- "$data/$control" || return
  each_tablespace clear_tablespace || return
  find "$data" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name "$mark" -exec rm -rf --one-file-system -- {} +
}

no_mount_in() { # DIRECTORY: what is mounted there is not looked into, and would stay
  [ -d "$1" ] || return 0
  places=$(find "$1" -xdev -mindepth 1 -type d -printf '%D %p\n' | grep -v "^$(stat -c %d "$1") ")
  [ -z "$places" ] || echo "another file system is mounted at ${places#* }"
  [ -z "$places" ]
}

no_mount_in_tablespace() { no_mount_in "$1/$2"; }  # PATH VERSION-DIRECTORY
keep_tablespace() { [ -d "$1" ] || mkdir "$1"; }  # PATH

keep_data() { # for rsync; what does not belong there is removed by prune
  no_mount_in "$data" || return
  each_tablespace no_mount_in_tablespace || return
  [ -d "$data" ] || mkdir -m 700 "$data" || return
  : >>"$data/$mark" && rm -f -- "$data/$control" && each_tablespace keep_tablespace
}

begin() { # STEP: after another look, since what is there may have changed while somebody thought about it
  why=$(why_not_data)$(each_tablespace why_not_tablespace)
  if [ -n "$why" ]; then
    reply "fail $why"
  elif text=$(slowly "$1" 2>&1); then
    reply ok
  else
    reason "$text"
  fi
}

feed() { # the stream: lines with a number, so many bytes behind each, and "end". The end of the input is no end.
  while IFS= read -r size; do
    if [ "$size" = end ]; then return 0; fi
    dd bs=1048576 count="$size" iflag=fullblock,count_bytes status=none || return 1
  done
  return 1
}

# Runs what is between two pipes; what all of them say, with a line "=STATUS" for each, goes into one text.
tell() { # COMMAND...
  "$@"
  echo "=$?" >&2
}
all_done() { [ "$(printf '%s\n' "$2" | grep -cx '=0')" = "$1" ]; } # NUMBER TEXT: have so many said 0?

# What is there: each name with a NUL behind it, that of a directory with '/' at its end.
names_in() { # DIRECTORY
  [ ! -d "$1" ] || find "$1" -xdev -mindepth 1 \( -name lost+found -o -name "$mark*" \) -prune -o \
    -type d -printf '%p/\0' -o -printf '%p\0'
}
names_in_tablespace() { names_in "$1/$2"; } # PATH VERSION-DIRECTORY
names() { names_in . && each_tablespace names_in_tablespace; }

# The stream has the names of all that the copy may hold. Nothing is removed with what is in it: not a directory that
# something else was mounted on, or put into, meanwhile.
remove_others() {
  cd "$data" || return
  said=$({ tell feed | tell sort -zo "$mark.new"; } 2>&1)
  all_done 2 "$said" || return
  said=$(mv -T "$mark.new" "$mark" 2>&1) || return
  said=$({
    tell names | tell sort -zu | tell comm -z -23 - "$mark" | tell sed -z 's|/$||' | tell sort -zr |
      tell xargs -0r rm -df --
  } 2>&1 >/dev/null)
  all_done 6 "$said"
}

prune() {
  if slowly remove_others; then
    reply ok
  else
    reason "$(printf '%s\n' "$said" | grep -v '^=')"
    exit 1
  fi
}

expand() { if [ -n "$decompressor" ]; then "$decompressor" -dc; else cat; fi; }

unpack() {
  cd "$data" || exit 1
  said=$({
    tell feed | tell expand | tell "$tar" --extract --file=- --absolute-names --preserve-permissions --no-same-owner
  } 2>&1 >/dev/null)
  if all_done 3 "$said"; then
    finish
  else
    reason "$(printf '%s\n' "$said" | grep -v '^=')"
    exit 1
  fi
}

sync_tablespace() { sync -f "$1"; } # PATH

finish() { # all of it is there, under its name but for one file: durable first, then something that starts
  if text=$(slowly sync -f . 2>&1) && text=$(slowly each_tablespace sync_tablespace 2>&1) &&
    text=$(mv -T "$control.unfinished" "$control" 2>&1) && text=$(rm -- "$mark" 2>&1) && text=$(sync -f . 2>&1); then
    reply ok
  else
    reason "$text"
  fi
}

missing=
[ "$(printf x | dd bs=8 count=1 iflag=fullblock,count_bytes status=none 2>/dev/null)" = x ] || missing="$missing dd"
case $(sync --help 2>/dev/null) in *--file-system*) ;; *) missing="$missing sync --file-system" ;; esac
case $(rm --help 2>/dev/null) in *--one-file-system*) ;; *) missing="$missing rm --one-file-system" ;; esac
for program in stat find readlink head cat grep mkdir mv sleep; do
  command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
reply pitr
IFS= read -r data
case $data in
  /*/../* | */.. | /) reply "fail no path that can be used" ;;
  /*) if [ -z "$missing" ]; then reply ok; else reply "fail it has no$missing (GNU coreutils 8.24 at least)"; fi ;;
  *) reply "fail no absolute path" ;;
esac

while IFS= read -r verb; do
  case $verb in
    look) IFS= read -r first && look "$first" ;;
    tablespace)
      IFS= read -r first && IFS= read -r second && IFS= read -r third && tablespace "$first" "$second" "$third"
      ;;
    programs)
      IFS= read -r first && IFS= read -r second && IFS= read -r third && IFS= read -r fourth &&
        programs "$first" "$second" "$third" "$fourth"
      ;;
    clear) begin clear_data ;;
    keep) begin keep_data ;;
    prune | unpack) "$verb" ;;
    *) reply "fail no such command" ;;
  esac
done
