#!/bin/bash
# A second backup under the same names is refused, says what to do, and harms neither the first set nor the server.
. "$(dirname "$0")/../harness.sh"

new_cluster
start
# The date in the names must not change between the two.
backup --filename-template '__HOSTNAME__-__FILETYPE__-same.tar__CEXT__'
before=$(cd "$BASE" && sha256sum ./* && stat -c '%n %i %Y' ./*)
assert_fails 1 backup --filename-template '__HOSTNAME__-__FILETYPE__-same.tar__CEXT__'
assert_contains "$SCRATCH/said" "^H^M^S"
assert_contains "$SCRATCH/said" "$BASE"
assert_eq "$before" "$(cd "$BASE" && sha256sum ./* && stat -c '%n %i %Y' ./*)" "the first set"
assert_nothing_left
assert_nothing_runs

# What the message tells to do works.
backup --filename-template '__HOSTNAME__-__FILETYPE__-^Y-^m-^d_^H^M^S.tar__CEXT__'
assert_eq 6 "$(find "$BASE" -type f | wc -l)" "files of two sets"
