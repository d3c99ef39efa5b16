#!/bin/bash
# tar, gzip, zstd, lz4, bzip2, xz, sha256sum and pg_verifybackup accept what we store, without a program of ours.
. "$(dirname "$0")/../harness.sh"

declare -A suffix=([none]='' [gzip]=.gz [zstd]=.zst [lz4]=.lz4 [bzip2]=.bz2 [xz]=.xz)
declare -A tool=([gzip]=gzip [zstd]=zstd [lz4]=lz4 [bzip2]=bzip2 [xz]=xz)

new_cluster
start
# Larger than a block of the compression, so that the files consist of several.
sql "CREATE TABLE big AS SELECT n, md5(n::text) AS text FROM generate_series(1, 60000) AS n"
destinations=()
for codec in "${!suffix[@]}"; do destinations+=(--dst-local "$codec=$SCRATCH/set/$codec"); done
for codec in "${!suffix[@]}"; do mkdir -p "$SCRATCH/set/$codec"; done
backup "${destinations[@]}" --digest SHA-256,MD5
stop

for codec in "${!suffix[@]}"; do
  BASE=$SCRATCH/set/$codec
  mkdir -p "$SCRATCH/from/$codec"
  unpacker=()
  if [ "$codec" != none ]; then unpacker=(-I "${tool[$codec]}"); fi
  for name in data xlog meta; do
    file=$(part $name)
    [[ $file == *.tar${suffix[$codec]} ]] || fail "$file: its name"
    if [ "$codec" != none ]; then "${tool[$codec]}" -q -t "$file"; fi
    tar -xf "$file" "${unpacker[@]}" -C "$SCRATCH/from/$codec"
  done
  for name in data xlog; do
    assert_contains "$SCRATCH/from/$codec/index" "$(sha256sum <"$(part $name)" | cut -d ' ' -f 1)"
  done
  (cd "$BASE" && sha256sum --quiet --strict -c "$(part SHA-256)" && md5sum --quiet --strict -c "$(part MD5)")
  pg_verifybackup -q "$SCRATCH/from/$codec/pg"
done

# The same bytes whatever the codec, but for the index of the stored blocks and what is counted of them.
for codec in "${!suffix[@]}"; do diff -r -x index -x meta "$SCRATCH/from/none" "$SCRATCH/from/$codec"; done
# The digest file covers data and xlog.
assert_eq 2 "$(wc -l <"$(part SHA-256)")" "lines of the SHA-256 file"
