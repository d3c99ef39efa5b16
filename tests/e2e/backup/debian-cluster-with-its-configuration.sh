#!/bin/bash
# A cluster of Debian's pg_createcluster, whose configuration lies outside the data directory, is backed up, and its
# configuration is in the set.
. "$(dirname "$0")/../harness.sh"

if ! command -v pg_createcluster >/dev/null || [[ $BIN != /usr/lib/postgresql/* ]]; then
  echo "$BIN is not a PostgreSQL of this Debian"
  exit 77
fi
# In place of /etc/postgresql: there a test would leave something behind if it were killed.
export PG_CLUSTER_CONF_ROOT=$SCRATCH/etc/postgresql
major=$(postgres --version | sed 's/.*) \([0-9]*\).*/\1/')
config=$PG_CLUSTER_CONF_ROOT/$major/shop
mkdir -p "$ARCHIVE" "$BASE" "$TMPDIR" "$SCRATCH/pitr/log"
DATA=$SCRATCH/lib/$major/shop
pg_createcluster "$major" shop -d "$DATA" -l "$SCRATCH/shop.log" -s "$SCRATCH" -p "$PGPORT" -- -N -A trust -U postgres \
  >"$SCRATCH/createcluster.log" 2>&1
{
  echo "wal_level = replica"
  echo "archive_mode = on"
  echo "listen_addresses = ''"
  # Debian's pg_ctlcluster gives the server a PATH of its own.
  echo "archive_command = '$(command -v pitr-archive) -D $DATA -dl zstd=$ARCHIVE -db $STAGING -s $STATE \"%p\"'"
} >"$config/conf.d/archiving.conf"
echo "# the DBA's own line" >>"$config/pg_hba.conf"
pg_ctlcluster "$major" shop start -o "-c unix_socket_directories=$SCRATCH"
sql "CREATE TABLE t AS SELECT generate_series(1, 1000)"
backup
pg_ctlcluster "$major" shop stop

for file in postgresql.conf pg_hba.conf pg_ident.conf environment pg_ctl.conf start.conf conf.d/archiving.conf; do
  member meta "config$config/$file" | cmp - "$config/$file"
done
# It is not in the data directory, and so not in the data file.
assert_eq "" "$(tar -tf "$(part data)" | grep -F postgresql.conf || true)" "postgresql.conf in the data file"

unpack "$SCRATCH/new"
DATA=$SCRATCH/new/shop
touch "$DATA/postgresql.conf"
echo "local all all trust" >"$DATA/pg_hba.conf"
touch "$DATA/pg_ident.conf"
start
assert_eq 1000 "$(sql "SELECT count(*) FROM t")" "rows"
