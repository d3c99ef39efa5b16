#!/bin/bash
# The server starts one pitr-archive or pitr-restore per segment: neither loads libpq, libarchive, libcurl or libcrypto.
. "$(dirname "$0")/../harness.sh"

for program in pitr-archive pitr-restore; do
  libraries=$(ldd "$(command -v $program)")
  [[ $libraries == *libc.so* ]] || fail "ldd says nothing of $program: $libraries"
  for library in libpq libarchive libcurl libcrypto libssl; do
    [[ $libraries != *$library* ]] || fail "$program loads $library"
  done
done
# So that the names above are those that ldd would print.
[[ $(ldd "$(command -v pitr-base)") == *libpq* ]] || fail "pitr-base does not load libpq"
