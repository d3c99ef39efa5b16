#!/bin/bash
# A staging directory that exists, filled by pitr-archive, serves a backup and is left as it was.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/standing-staging.inc"

back_up_from_standing_staging "pitr-archive -s $STATE -dl zstd=$STAGING %p"
