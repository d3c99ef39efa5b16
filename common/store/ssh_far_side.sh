#!/bin/sh
# The far side of an ssh store (see ssh_session.h): runs in the directory that is the store, for as long as the
# connection lasts. A command is a line with a verb, and a line for each of its arguments; so no name is ever read as a
# part of a command. A reply is a line that begins with '/', which no name has: /ok, /none, /conflict, /fail REASON, …;
# /wait says that a long step goes on.
LC_ALL=C
export LC_ALL
umask 077
temporary=  # of the file that is being written
slot=       # that says so
missing=    # of what is needed here

reply() { printf '/%s\n' "$*"; }
reason() { # TEXT: its last line, without what no reader needs
  text=${1##*"
"}
  reply "fail ${text:-of no known reason}"
}
gone() { # STATUS MESSAGE of stat, unlink: do they say that there is no such file?
  case $1,$2 in 1,*'No such file or directory') ;; *) return 1 ;; esac
}
directory_is_there() { # In a directory that somebody removed under us no file can be found, and none is proven absent.
  [ "$(stat -c %h . 2>/dev/null)" != 0 ]
}

# Runs a step that may take long, and says so every few seconds: nothing else tells a busy host from a dead one.
slowly() { # COMMAND...
  (while sleep 5 >/dev/null 2>&1 3>&- 4>&-; do reply wait >&4; done) &
  beat=$!
  "$@"
  status=$?
  kill "$beat" 2>/dev/null
  wait "$beat" 2>/dev/null
  return "$status"
}
exec 4>&1

# What becomes NAME is written as NAME.tmp.sshPID, by the shell with that pid. The symbolic links NAME.tmp.slot0 to 9 hold
# the pids of the shells that have written it or are about to: so what a dead one left is found by name, and nobody reads
# a directory of a million names for one file. (Without symbolic links here, only `litter` finds it.)
slots='0 1 2 3 4 5 6 7 8 9'
is_alive() { kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ]; } # PID
owner() { # SLOT: the pid in it
  [ -h "$1" ] && pid=$(readlink "$1") && case $pid in '' | *[!0-9]*) return 1 ;; esac
}
remove_dead_of() { # NAME
  for number in $slots; do
    if owner "./$1.tmp.slot$number" && ! is_alive "$pid"; then
      unlink "./$1.tmp.ssh$pid" 2>/dev/null
      unlink "./$1.tmp.slot$number"
    fi
  done
}
take_slot() { # NAME
  for number in $slots; do
    slot=./$1.tmp.slot$number
    [ -h "$slot" ] || ! ln -s $$ "$slot" 2>/dev/null || return
  done
  slot=
}
drop_temporary() {
  exec 3>&-
  [ -z "$temporary" ] || unlink "$temporary" 2>/dev/null
  [ -z "$slot" ] || unlink "$slot" 2>/dev/null
  temporary=
  slot=
}

litter() { # reads the directory: for programs that run once a day
  for file in ./*.tmp.slot[0-9]; do
    if owner "$file" && ! is_alive "$pid"; then
      unlink "${file%.tmp.slot?}.tmp.ssh$pid" 2>/dev/null
      unlink "$file"
    fi
  done
  for file in ./*.tmp.ssh*; do
    pid=${file##*.tmp.ssh}
    case $pid in '' | *[!0-9]*) continue ;; esac
    # A shell of another host or container that shares this directory has a pid that means nothing here.
    if [ -f "$file" ] && ! is_alive "$pid" && [ $(($(date +%s) - $(stat -c %Y "$file"))) -gt 86400 ]; then
      unlink "$file"
    fi
  done
  reply ok
}
trap drop_temporary EXIT
trap 'exit 1' HUP INT TERM PIPE

look() { # NAME: /file SIZE MODIFIED, /none
  found=$(stat -c '%f %s %.6Y' "./$1" 2>&1) || {
    if ! gone $? "$found"; then
      reason "$found"
    elif directory_is_there; then
      reply none
    else
      reply "fail the directory was removed"
    fi
    return
  }
  case $found in
    8???\ *) reply "file ${found#* }" ;;
    a???\ *) reply "fail a symbolic link, which is not followed here" ;;
    *) reply "fail not a regular file" ;;
  esac
}

send() { # NAME SIZE: the bytes, then /ok
  dd if="./$1" bs=1048576 count="$2" iflag=nofollow,fullblock,count_bytes status=none && reply ok
}

begin() { # NAME MODE
  remove_dead_of "$1"
  take_slot "$1"
  temporary=./$1.tmp.ssh$$
  unlink "$temporary" 2>/dev/null # of a dead shell that had our pid
  text=$( (set -C && : >"$temporary") 2>&1 && chmod "$2" "$temporary" 2>&1) || {
    drop_temporary
    reason "$text"
    return
  }
  exec 3>"$temporary"
  reply ok
}

take() { # SIZE: so many bytes follow. Without a reply; what fails here ends the connection.
  text=$(dd bs=1048576 count="$1" iflag=fullblock,count_bytes status=none 2>&1 >&3) && return
  reason "$text"
  exit 1
}

settle() { # SIZE SHA-256: it is whole and durable; only its name is missing
  exec 3>&-
  size=$(stat -c %s "$temporary" 2>&1)
  if ! sum=$(slowly sha256sum <"$temporary" 2>&1); then
    reason "$sum"
  elif [ "$size ${sum%% *}" != "$1 $2" ]; then
    reply "fail it has arrived with other bytes: $size of $1"
  elif text=$(slowly sync "$temporary" 2>&1); then
    reply ok
  else
    reason "$text"
  fi
}

publish() { # NAME: then the temporary name is gone; the slot says that the writer lives until it forgets the file
  if text=$(link "$temporary" "./$1" 2>&1) || rename_instead "$1" "$text"; then
    unlink "$temporary" 2>/dev/null
    temporary=
    make_durable
  elif [ -e "./$1" ] || [ -h "./$1" ]; then
    reply conflict
  else
    reason "$text"
  fi
}
rename_instead() { # NAME MESSAGE of link: where the file system has no links
  case $2 in *'not permitted' | *'not supported' | *'not implemented' | *'Too many links') ;; *) return 1 ;; esac
  text=$(mv -nT "$temporary" "./$1" 2>&1) && [ ! -e "$temporary" ]
}
make_durable() { if text=$(sync . 2>&1); then reply ok; else reason "$text"; fi; }

make_file_durable() { # NAME
  found=$(stat -c %f "./$1" 2>&1)
  case $found in
    8???) ;;
    a???) reply "fail a symbolic link, which is not followed here"; return ;;
    *) reason "$found"; return ;;
  esac
  if text=$(slowly sync "./$1" 2>&1); then
    remove_dead_of "$1"
    make_durable
  else
    reason "$text"
  fi
}

is_being_written() { # NAME
  for number in $slots; do
    if owner "./$1.tmp.slot$number" && is_alive "$pid"; then
      reply yes
      return
    fi
  done
  reply no
}

list() { # PREFIX of letters and digits: escaped names, then /ok
  if ls -1Ub && directory_is_there; then reply ok; else reply "fail it cannot be listed"; fi | grep -a -e "^$1" -e '^/'
}

remove() { # NAME
  if text=$(unlink "./$1" 2>&1) || gone $? "$text"; then make_durable; else reason "$text"; fi
}

[ "$(printf x | dd bs=8 count=1 iflag=fullblock,count_bytes status=none 2>/dev/null)" = x ] &&
  stat -c '%f %s %.6Y' . >/dev/null 2>&1 || missing="$missing stat, dd"
case $(sync --help 2>/dev/null) in *FILE*) ;; *) missing="$missing sync with a FILE" ;; esac
for tool in sha256sum link unlink ls ln readlink mv chmod date sleep grep; do
  command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
reply pitr
IFS= read -r directory
if [ -n "$missing" ]; then
  reply "fail it has no$missing (GNU coreutils 8.24 or later are wanted)"
elif ! text=$(stat -L -c %F "$directory" 2>&1); then
  if gone 1 "$text"; then reply "fail no such directory (is its disk mounted?)"; else reason "$text"; fi
elif [ "$text" != directory ]; then
  reply "fail not a directory"
elif ! cd "$directory" 2>/dev/null; then
  reply "fail it cannot be entered"
else
  reply ok
fi

while IFS= read -r verb; do
  case $verb in
    look | publish | make_file_durable | is_being_written | remove | list)
      IFS= read -r name && "$verb" "$name"
      ;;
    send | begin | settle) IFS= read -r first && IFS= read -r second && "$verb" "$first" "$second" ;;
    take) IFS= read -r size && take "$size" ;;
    drop) drop_temporary && reply ok ;;
    forget) drop_temporary ;; # nobody waits for it
    litter) litter ;;
    *) reply "fail no such command" ;;
  esac
done
