#!/bin/bash
# --dst-pipe runs PROGRAM NAME with each file on its standard input, --remote-cat-path does so on another host: what they
# have stored is a set. One that fails makes the status 5, and no set elsewhere.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"
. "$(dirname "$0")/../sshd.inc"

program() { # NAME COMMANDS
  printf '#!/bin/sh\n%s\n' "$2" >"$SCRATCH/$1"
  chmod 755 "$SCRATCH/$1"
}

new_cluster --wal-segsize=1
make_sshd
mkdir "$SCRATCH/taken" "$FAR/cat" "$FAR/named"
program take "exec cat >'$SCRATCH/taken/'\"\$1\""
program break "cat >/dev/null; echo the disk is full >&2; exit 3"
program far-cat 'exec cat'
program far-named 'exec cat >"$1"'
start
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"

backup --dst-local "zstd=$BASE" --dst-pipe "zstd=$SCRATCH/take"
diff -r "$BASE" "$SCRATCH/taken"
rm "$BASE"/*
assert_fails 5 backup --dst-local "zstd=$BASE" --dst-pipe "zstd=$SCRATCH/break"
assert_contains "$SCRATCH/said" "the disk is full"
unpack "$SCRATCH/new"
rm -r "${BASE:?}"/* "$SCRATCH/new"
assert_fails 2 backup --dst-local "zstd=$BASE" --dst-pipe "zstd=./take"
assert_fails 2 backup --dst-local "zstd=$BASE" --dst-pipe "zstd=$SCRATCH/take" --finish any --source "$ARCHIVE"

for form in "$SCRATCH/far-cat" "!$SCRATCH/far-named"; do
  directory=${form##*far-}
  backup --dst-local "gzip=$BASE" --dst-direct "gzip=$HOST:$FAR/$directory" --ssh-path="$SSH" --remote-cat-path "$form"
  diff -r "$BASE" "$FAR/$directory"
  rm "$BASE"/*
done
assert_fails 5 backup --dst-local "gzip=$BASE" --dst-direct "gzip=$HOST:$FAR/named" --ssh-path="$SSH" \
  --remote-cat-path "!$SCRATCH/break"
assert_contains "$SCRATCH/said" "the disk is full"
