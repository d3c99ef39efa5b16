#!/bin/bash
# A staging directory that exists, filled by a plain cp, as the seed system's archive_command does, serves a backup and is left as it was.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/standing-staging.inc"

back_up_from_standing_staging "test ! -f $STAGING/%f && cp %p $STAGING/%f"
