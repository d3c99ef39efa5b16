#!/bin/bash
# pitr-check looks at every destination of pitr-archive's options, wherever they stand: a directory, another host, a program;
# the segment goes to the other host and comes back from it. A host that is dead has failed.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../sshd.inc"
. "$(dirname "$0")/check.inc"

new_cluster --wal-segsize=1
make_sshd
mkdir "$FAR/wal"
remote="-dr zstd=$HOST:$FAR/wal --ssh-path $SSH --remote-timeout 5"
configure "archive_timeout = 5min" "archive_command = 'pitr-archive -dl zstd=$ARCHIVE $remote -s $STATE \"%p\"'"
start
switch_wal >/dev/null

assert_check 0
for place in "$ARCHIVE" "$HOST:$FAR/wal"; do
  assert_line ok "$place: marked for this cluster"
  assert_line ok "$place: " "came back through pitr-restore, byte for byte"
done
assert_line ok "destinations: at least one is in another file system"

# The same by a configuration file, with the other host alone, and a spool.
printf 'dst-remote = zstd=%s:%s\nssh-path = %s\nremote-timeout = 5\nspool-dir = %s\nrequire = any\n' "$HOST" "$FAR/wal" "$SSH" \
  "$SCRATCH/pitr/spool" >"$SCRATCH/archive.conf"
reload "archive_command = 'pitr-archive --config-file $SCRATCH/archive.conf -s $STATE \"%p\"'"
assert_check 0
assert_line ok "$HOST:$FAR/wal: " "came back through pitr-restore, byte for byte"
assert_line ok "spool: $SCRATCH/pitr/spool: can be written to"

# What a program stores is not known, and is said not to be.
printf '#!/bin/sh\ncat >/dev/null\n' >"$SCRATCH/store"
chmod +x "$SCRATCH/store"
reload "archive_command = 'pitr-archive -dl zstd=$ARCHIVE -dp $SCRATCH/store -s $STATE \"%p\"'"
assert_check 0
assert_line warning "$SCRATCH/store: is a program"
assert_line ok "$ARCHIVE: " "came back through pitr-restore, byte for byte"

# The host is off.
reload "archive_command = 'pitr-archive -dl zstd=$ARCHIVE $remote -s $STATE \"%p\"'"
stop_sshd
assert_check 1
assert_line failed "$HOST:$FAR/wal: "
assert_line ok "$ARCHIVE: marked for this cluster"

# What pitr-archive does not understand is told in its words.
reload "archive_command = 'pitr-archive --dst-loca /wal \"%p\"'"
assert_check 1
assert_line warning "archive_command: " "is not understood: unknown option --dst-loca (did you mean --dst-local?)"
