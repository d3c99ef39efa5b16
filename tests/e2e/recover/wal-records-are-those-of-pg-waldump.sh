#!/bin/bash
# versions: all
# What the suite reads out of WAL is, record by record, what pg_waldump of the server's own major prints: length,
# transaction, position, link to the record before, references to blocks. Then one byte of it is damaged, and the record
# reader names the place.
. "$(dirname "$0")/../harness.sh"

new_cluster --wal-segsize=1
configure "wal_level = logical" "max_prepared_transactions = 5" "wal_keep_size = 500MB" "wal_compression = on" \
  "archive_mode = off"
start
first=$(sql "SELECT pg_walfile_name(pg_switch_wal())")
sql "CHECKPOINT"
from=$(sql "SELECT pg_current_wal_insert_lsn()")
major=$(sql "SHOW server_version_num")
by_copy='' by_log=''
if [ "$major" -ge 150000 ]; then by_copy="STRATEGY file_copy" by_log="STRATEGY wal_log"; fi
mkdir "$SCRATCH/ts"
psql -XAtq -v ON_ERROR_STOP=1 >/dev/null <<END
CREATE TABLE t (i int, t text, p point, a int[]);
INSERT INTO t SELECT g, repeat('row ' || g, 30), point(g, g), array[g, g + 1] FROM generate_series(1, 5000) g;
CREATE INDEX ON t (i); CREATE INDEX ON t USING hash (i); CREATE INDEX ON t USING gist (p);
CREATE INDEX ON t USING gin (a); CREATE INDEX ON t USING spgist (p); CREATE INDEX ON t USING brin (i);
SELECT lo_from_bytea(0, repeat('x', 100000)::bytea);
BEGIN; INSERT INTO t VALUES (1, 'x'); SAVEPOINT a; INSERT INTO t VALUES (2, 'y'); RELEASE a; PREPARE TRANSACTION 'one';
COMMIT PREPARED 'one';
BEGIN; INSERT INTO t VALUES (1, 'x'); PREPARE TRANSACTION 'two';
ROLLBACK PREPARED 'two';
CREATE SEQUENCE s; SELECT nextval('s') FROM generate_series(1, 100);
CREATE TABLESPACE ts LOCATION '$SCRATCH/ts';
CREATE TABLE in_ts (i int) TABLESPACE ts;
TRUNCATE t;
CREATE DATABASE one $by_log;
CREATE DATABASE two $by_copy;
DROP DATABASE one;
SELECT pg_create_restore_point('here');
INSERT INTO t SELECT g, repeat('row ' || g, 300) FROM generate_series(1, 2000) g;
DELETE FROM t WHERE i > 1000; UPDATE t SET t = 'u';
VACUUM FULL t; ANALYZE;
SELECT pg_logical_emit_message(false, 'a', repeat('z', 2500000));
SELECT pg_switch_wal();
INSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, 5000) g;
END
stop immediate
# It comes back behind a record that is not whole, or behind its end, and goes on.
start
sql "INSERT INTO t SELECT g FROM generate_series(1, 1000) g"
stop

ours() { wal-records "$DATA/pg_wal" "$from" 1 1048576; }
ours >"$SCRATCH/ours"
assert_eq end "$(tail -n 1 "$SCRATCH/ours" | cut -d' ' -f1)" "the end of our records"
sed -i '$d' "$SCRATCH/ours"

# pg_waldump prints an LSN with zeros in front, forks that are not the main one, and what a record says.
pg_waldump -p "$DATA/pg_wal" -s "$from" 2>"$SCRATCH/said" >"$SCRATCH/waldump" || true
python3 - "$SCRATCH/waldump" >"$SCRATCH/theirs" <<'END'
import re
import sys

def lsn(text):
    high, low = text.split("/")
    return f"{int(high, 16):X}/{int(low, 16):X}"

for line in open(sys.argv[1], errors="replace"):
    found = re.match(r"rmgr: (\S+) +len \(rec/tot\): +\d+/ *(\d+), tx: +(\d+), lsn: ([^,]+), prev ([^,]+), desc: (.*)$", line)
    if found:
        record = [found[1], found[2], found[3], lsn(found[4]), lsn(found[5])]
        for block in re.findall(r"blkref #(\d+): rel (\d+/\d+/\d+)(?: fork \w+)? blk (\d+)( FPW)?", found[6]):
            record += [f"#{block[0]}", block[1], block[2]] + (["FPW"] if block[3] else [])
        print(*record)
END
[ "$(wc -l <"$SCRATCH/theirs")" -gt 20000 ] || fail "pg_waldump printed $(wc -l <"$SCRATCH/theirs") records"
if ! diff "$SCRATCH/ours" "$SCRATCH/theirs" >"$SCRATCH/said"; then
  fail "the records differ: $(head -n 4 "$SCRATCH/said")"
fi

# One flipped byte in the last third of a segment behind the first one.
segments=("$DATA"/pg_wal/0000000100000000????????)
segments=("${segments[@]##*/}")
for i in "${!segments[@]}"; do
  if [ "${segments[i]}" = "$first" ]; then segment=${segments[i + 2]}; fi
done
python3 - "$DATA/pg_wal/$segment" <<'END'
import sys

with open(sys.argv[1], "r+b") as file:
    file.seek(800000)
    byte = file.read(1)
    file.seek(800000)
    file.write(bytes([byte[0] ^ 1]))
END
assert_fails 3 ours
tail -n 1 "$SCRATCH/said" >"$SCRATCH/last"
assert_contains "$SCRATCH/last" "damaged: $segment: the WAL at "
