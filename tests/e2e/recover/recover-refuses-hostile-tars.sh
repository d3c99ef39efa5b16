#!/bin/bash
# D35: members that lead out of the data directory (.., absolute, through a link, hard links), devices, FIFOs and files
# beside it are refused by name, and nothing outside is written, read or changed.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster
start
sql "CREATE TABLE step AS SELECT 1 AS n"
backup
segment=$(switch_wal)
stop
victim=$SCRATCH/victim
mkdir -p "$victim" "$SCRATCH/hostile"
echo precious >"$victim/file"
BASE=$SCRATCH/hostile

make_set() { # PART KIND PATH [TARGET]: a set of OmniPITR's form whose PART has one member more than it should
  python3 - "$BASE" "$DATA" "$segment" "$@" <<'END'
import gzip, io, os, sys, tarfile
base, data, segment, part, kind, path = sys.argv[1:7]
target = sys.argv[7] if len(sys.argv) > 7 else ""
kinds = {"file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE, "device": tarfile.CHRTYPE,
         "fifo": tarfile.FIFOTYPE, "directory": tarfile.DIRTYPE}
def add(tar, kind, path, target=""):
    member = tarfile.TarInfo(path)
    member.type, member.linkname = kinds[kind], target
    content = b"hostile\n" if kind == "file" else b""
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
name = lambda part: os.path.join(base, "db1-%s-2026.tar.gz" % part)
with tarfile.open(name("data"), "w:gz", compresslevel=1) as tar:
    tar.add(os.path.join(data, "PG_VERSION"), "pg/PG_VERSION")
    if part == "data":
        for step in path.split("|"):
            add(tar, kind if step == path.split("|")[0] else "file", step, target)
    tar.add(os.path.join(data, "global"), "pg/global")
    add(tar, "file", "pg/backup_label")
with tarfile.open(name("xlog"), "w:gz", compresslevel=1) as tar:
    add(tar, "directory", "pg/pg_wal")
    if part == "xlog":
        add(tar, kind, path, target)
with gzip.open(name("meta"), "wt") as meta:
    meta.write("Min-Xlog: %s\nStarted-epoch: 1\nTimezone: UTC\nHostname: db1\n" % segment)
END
}

status=3
assert_hostile() { # TEXT PART KIND PATH [TARGET]
  rm -rf "${NEW%/*}" "${BASE:?}"/*
  make_set "${@:2}"
  assert_fails "$status" restore_into "$NEW" --target-immediate
  assert_contains "$SCRATCH/said" "$1"
  assert_contains "$SCRATCH/said" "${4%%|*}"
  assert_absent "$NEW/global/pg_control" "$victim/new" "${NEW%/*}/escaped" "$SCRATCH/escaped"
  assert_eq precious "$(cat "$victim/file")" "the file outside"
}

# Without the hostile member the set is laid out.
make_set none file none
restore_into "$NEW" --target-immediate
[ -e "$NEW/global/pg_control" ] || fail "the harmless set is not laid out"

assert_hostile "leads out of its directory" data file pg/../../escaped
assert_hostile "leads out of its directory" data file ../escaped
assert_hostile "leads out of its directory" data directory pg/base/../../../escaped
assert_hostile "an absolute path" data file "$victim/new"
assert_hostile "is not followed" data link "pg/evil|pg/evil/new" "$victim"
assert_hostile "is not followed" data link "pg/base|pg/base/new" ../../victim
assert_hostile "no tablespace" data link "pg/pg_tblspc/16999|tablespaces/x/new" ../../victim
status=2 assert_hostile "is not empty" data link "pg/pg_tblspc/16999|tablespaces$victim/new" "$victim"
assert_hostile "lies in no tablespace" data file "tablespaces$victim/new"
assert_hostile "a hard link to" data hardlink pg/evil "$victim/file"
assert_hostile "a device or FIFO" data device pg/evil
assert_hostile "a device or FIFO" data fifo pg/evil
assert_hostile "lies neither in pg/" data file elsewhere/file
status=1 assert_hostile "file exists" data file pg/PG_VERSION
assert_hostile "leads out of its directory" xlog file pg/pg_wal/../../escaped
assert_hostile "is no WAL file" xlog file pg/base/1/1259
assert_hostile "leads out of its directory" xlog file "../../pg_wal/$segment"
assert_hostile "is no WAL file" xlog link "pg/pg_wal/$segment" "$victim/file"
