#!/bin/bash
# versions: all
# The whole way with zstd and segments of 16 MB.
. "$(dirname "$0")/harness.sh"
. "$(dirname "$0")/walk.inc"

walk zstd 16
