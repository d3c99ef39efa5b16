#!/bin/bash
# A file that is not what the manifest says (content, size), one that is missing from it and one that it has and the
# backup has not are each refused by name, and what was written does not start.
. "$(dirname "$0")/../harness.sh"
. "$(dirname "$0")/../recover.inc"

new_cluster --wal-segsize=1
start
backup
switch_wal >/dev/null
stop
meta=$(part meta)
cp "$meta" "$SCRATCH/meta"

change_manifest() { # REGEX REPLACEMENT: in the manifest of the set, whose own checksum then fits again, and the seal
  python3 - "$SCRATCH/meta" "$meta" "$@" <<'END'
import hashlib, io, re, sys, tarfile
source, target, regex, replacement = sys.argv[1:]
with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
    for member in old:
        content = old.extractfile(member).read()
        if member.name == "backup_manifest":
            body = content[:content.rindex(b'"Manifest-Checksum"')]
            changed = re.sub(regex.encode(), replacement.encode(), body)
            assert changed != body
            content = changed + b'"Manifest-Checksum": "%s"}\n' % hashlib.sha256(changed).hexdigest().encode()
            member.size = len(content)
        new.addfile(member, io.BytesIO(content))
with open(target, "rb+") as meta:  # sealed as before: an empty member whose comment is the SHA-256 of the rest
    text = b"SHA-256: %s\n\0" % hashlib.sha256(meta.read()).hexdigest().encode()
    meta.write(b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + text + b"\x03\0\0\0\0\0\0\0\0\0")
END
}

assert_refused() { # TEXT FILE
  rm -rf "$NEW"
  assert_fails 3 restore_into "$NEW"
  assert_contains "$SCRATCH/said" "$1"
  assert_contains "$SCRATCH/said" "$2"
  assert_absent "$NEW/global/pg_control"
}
change_manifest '("Path": "PG_VERSION".*"Checksum": ")........"' '\1deadbeef"'
assert_refused "its checksum is not that of the manifest" pg/PG_VERSION
change_manifest '("Path": "base/1/1259", "Size": )' '\g<1>1'
assert_refused "the manifest says 1" pg/base/1/1259
change_manifest '\{ "Path": "base/1/1259",.*\n' ''
assert_refused "it is not in the manifest" pg/base/1/1259
change_manifest '("Path": "global/pg_control".*"Checksum": ")........"' '\1deadbeef"'
assert_refused "its checksum is not that of the manifest" pg/global/pg_control
change_manifest '"Path": "base/1/1259"' '"Path": "base/1/not-there"'
assert_refused "it is not in the manifest" pg/base/1/1259
change_manifest '(\{ "Path": "PG_VERSION".*)' '{ "Path": "base/1/9999", "Size": 0, "Last-Modified": "2026-01-01 00:00:00 GMT", "Checksum-Algorithm": "CRC32C", "Checksum": "00000000" },\n\1'
assert_refused "the backup does not hold base/1/9999" "which is in its manifest"

cp "$SCRATCH/meta" "$meta"
rm -rf "$NEW"
restore_into "$NEW"
# The archive has everything; without it the bundled WAL counts only when it is used.
rm "$ARCHIVE"/0000*
cp "$NEW/pg_wal/$(meta Min-Xlog)" "$ARCHIVE/0000000100000000000000FF"
rm -rf "$NEW"
assert_fails 3 restore_into "$NEW" --no-wal --target-immediate
assert_contains "$SCRATCH/said" "which the backup itself needs, is missing"
restore_into "$NEW" --target-immediate
