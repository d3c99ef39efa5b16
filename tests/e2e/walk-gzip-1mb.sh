#!/bin/bash
# versions: all
# The whole way with gzip and segments of 1 MB.
. "$(dirname "$0")/harness.sh"
. "$(dirname "$0")/walk.inc"

walk gzip 1
