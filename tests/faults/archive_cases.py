"""pitr-archive: what it is given, and what is there already."""

import os
import shutil

import material as wal
from registry import case, check, each


@case("A01", "a segment is stored, byte for byte, in every codec; the source is untouched")
def segment(t):
    for number, codec in enumerate(wal.SUFFIXES):
        path = t.segment(number)
        t.archive(path, places=[f"{codec}={t.dst}"]).ok()
        t.holds(path)
        check(t.forms(path.name)[0].name == path.name + wal.SUFFIXES[codec], f"{codec} has another suffix")
        check(path.read_bytes() == t.m.segments[number].read_bytes(), "the source was changed")
    t.no_litter()


@each("a {} is stored", A02="history", A03="backup", A04="partial")
def other_kinds(t, kind):
    path = t.put(getattr(t.m, kind))
    t.archive(path).ok()
    t.holds(path)
    t.no_litter()


@case("A05", "%p relative to the data directory, and absolute; a child timeline's first segment")
def relative(t):
    for path, spelled in ((t.segment(1), "pg_wal/{}"), (t.segment(2), f"{t.pg_wal}/{{}}"),
                          (t.put(t.m.child), "pg_wal/{}")):
        t.archive(spelled.format(path.name)).ok()
        t.holds(path)


@case("A06", "the same file again is a success and changes nothing, also when another tool compressed it")
def again(t):
    path = t.segment()
    t.archive(path).ok()
    before = t.forms(path.name)[0].stat()
    t.archive(path).ok()
    after = t.forms(path.name)[0].stat()
    check((before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "it was written anew")
    for number, codec in enumerate(wal.SUFFIXES, 2):
        path = t.segment(number)
        t.store(path, codec)
        t.archive(path, places=[f"zstd:3={t.dst}"]).ok()
        t.holds(path)


@case("A07", "same name, other bytes: refused, the stored file untouched, both named")
def other_bytes(t):
    stored = t.segment()
    t.archive(stored).ok()
    kept = t.forms(stored.name)[0].read_bytes()
    t.archive(t.another(stored)).fails().says(f"{t.dst}/{stored.name}", f"pg_wal/{stored.name}")
    check(t.forms(stored.name)[0].read_bytes() == kept, "the stored file was changed")
    t.no_litter()


@case("A07b", "same name under another codec's suffix, other bytes: refused")
def other_bytes_other_codec(t):
    t.mark()
    path = t.segment()
    original = path.read_bytes()
    for codec in wal.SUFFIXES:
        stored = t.store(path, codec, content=original)
        t.archive(t.another(path),
                  places=[f"{'zstd' if codec == 'none' else 'none'}={t.dst}"]).fails().says(stored)
        check(t.forms(path.name) == [stored], "the archive was changed")
        path.write_bytes(original)
        stored.unlink()


@case("A08", "a .history with other bytes: refused, untouched")
def other_history(t):
    path = t.put(t.m.history)
    t.archive(path).ok()
    t.put(path, content=path.read_bytes().replace(b"no recovery target", b"another reason") + b"# other\n")
    t.archive(path).fails().says(path.name)
    check(t.forms(path.name)[0].read_bytes() == t.m.history.read_bytes(), "the stored history was changed")


@each("a damaged file under the final name ({}): never 0 over it, named, untouched",
      A09="none", A11="gzip", A11b="zstd")
def truncated_stored(t, codec):
    t.mark()
    path = t.segment()
    stored = t.store(path, codec)
    os.truncate(stored, stored.stat().st_size // 2)
    half = stored.read_bytes()
    t.archive(path, places=[f"{codec}={t.dst}"]).fails().says(stored)
    check(stored.read_bytes() == half and t.forms(path.name) == [stored], "the damaged file was changed")
    t.no_litter()


@case("A10", "an empty file under the final name: refused and named, or healed")
def empty_stored(t):
    path = t.segment()
    (t.dst / path.name).touch()
    t.mark()
    run = t.archive(path)
    if run.status == 0:
        t.holds(path)
    else:
        run.fails().says(t.dst / path.name)


@case("A12", "the source is missing")
def no_source(t):
    t.fails_clean(t.pg_wal / t.m.segments[1].name).says(t.m.segments[1].name)


@each("a segment of the wrong size ({})", A13="0 bytes", A14="half", A15="8 kB more", A15b="20 bytes")
def wrong_size(t, size):
    path = t.segment()
    os.truncate(path,
                {"0 bytes": 0, "half": wal.MEGABYTE // 2, "8 kB more": wal.MEGABYTE + 8192,
                 "20 bytes": 20}[size])
    t.fails_clean(path).says(path.name, "segment of" if size == "8 kB more" else "no whole segment")


def bad_content(t, content, reason):
    t.fails_clean(t.put(t.m.segments[1], content=content)).says(t.m.segments[1].name, reason)


@case("A16", "random bytes, and a flag that no header has")
def random_bytes(t):
    bad_content(t, os.urandom(wal.MEGABYTE), "header")
    bad_content(t, wal.with_header(t.m.segments[1].read_bytes(), flags=0x8002), "header")


@case("A17", "a segment of another cluster")
def other_cluster(t):
    bad_content(t, wal.with_header(t.m.segments[1].read_bytes(), system=7777), "cluster 7777")


@case("A18", "another segment's bytes under this name, and a later timeline's")
def other_segment(t):
    bad_content(t, t.m.segments[2].read_bytes(), "position")
    bad_content(t, wal.with_header(t.m.segments[1].read_bytes(), timeline=9), "timeline 9")


@case("A19", "a sparse 64 GB \"segment\" with a good header: refused in 10 s, the disk not filled")
def sparse(t):
    path = t.segment()
    os.truncate(path, 64 << 30)
    t.fails_clean(path, places=[f"zstd={t.dst}"]).within(10)
    path.write_bytes(b"")
    os.truncate(path, 64 << 30)
    t.fails_clean(path).within(10)


@case("A20", "a FIFO: no hang")
def fifo(t):
    os.mkfifo(t.pg_wal / t.m.segments[1].name)
    t.fails_clean(t.pg_wal / t.m.segments[1].name, seconds=10).within(5)


@case("A21", "a directory, and a symbolic link")
def directory(t):
    path = t.pg_wal / t.m.segments[1].name
    path.mkdir()
    t.fails_clean(path)
    path.rmdir()
    path.symlink_to(t.m.segments[1])
    t.fails_clean(path)


@case("A22", "an unreadable segment")
def unreadable(t):
    path = t.segment()
    path.chmod(0)
    t.fails_clean(path).says("ermission denied")
    path.chmod(0o600)
    t.rerun(path)


@each("no WAL file: {}", A23a="foo", A23b="xlogtemp.123", A23c="000000010000000000000007.ready",
      A23d="00000001000000000000007", A23e="00000001000000000000000G", A23f="RECOVERYXLOG")
def no_wal_name(t, name):
    t.archive(t.put(t.m.segments[1], name=name)).fails().says(name)
    check(not t.forms(name) and not t.litter(), "something was stored")


@case("A24", "`..` in the path: nothing outside the destination")
def outside(t):
    secret = t.dir / t.m.segments[1].name
    shutil.copyfile(t.m.segments[1], secret)
    before = sorted(t.dir.iterdir())
    for words in (f"../{secret.name}", "pg_wal/../..", "..", f"pg_wal/../../{secret.name}"):
        t.archive(words).gives(0, 1, 2)
        check(sorted(t.dir.iterdir()) == before, f"{words} created something outside")
        t.no_litter()
    check(not [path for path in t.data.iterdir() if path.name not in ("pg_wal", "global", "PG_VERSION")],
          "something in the data directory")


@case("A25", "shell characters in paths are data")
def shell_characters(t):
    name = "a $(touch pwned) `touch pwned`; touch pwned '\" &"
    place = t.dir / name
    place.mkdir()
    t.data = t.data.rename(t.dir / f"data {name}")
    t.pg_wal = t.data / "pg_wal"
    path = t.segment()
    t.archive(path, places=[place]).ok()
    t.holds(path, place)
    check(not list(t.dir.rglob("pwned")), "a shell ran")


@each("a symbolic link at the final name, {}: not followed", A33="live", A34="dangling")
def link_there(t, kind):
    path = t.segment()
    victim = t.dir / "victim"
    if kind == "live":
        shutil.copyfile(path, victim)
    t.mark()
    (t.dst / path.name).symlink_to(victim)
    t.archive(path).fails().says(path.name, "symbolic link")
    check(os.path.lexists(victim) == (kind == "live") and (t.dst / path.name).is_symlink(),
          "the link was followed")
    t.no_litter()


@case("A73", "any segment size by its header: 16 MB, 64 MB (--all: 1 GB)")
def segment_sizes(t):
    t.use_cluster(t.m.large)
    large = t.put(t.m.large_segment)
    t.archive(large).ok()
    t.holds(large)
    first = large.read_bytes()[:8192]
    for size in (64, 1024) if t.all else (64,):
        wal.patch_control(t.data / "global/pg_control", segment_size=size * wal.MEGABYTE)
        path = t.put(large, name="0000000200000000" + "00000002",
                     content=wal.with_header(first, size=size * wal.MEGABYTE,
                                             address=2 * size * wal.MEGABYTE))
        os.truncate(path, size * wal.MEGABYTE)
        place = t.dir / f"archive-{size}"
        place.mkdir()
        t.archive(path, places=[f"lz4={place}"]).ok()
        check(wal.content(t.forms(path.name, place)[0]) == path.read_bytes(), f"{size} MB: other bytes")


@case("D02", "a .partial, the full segment of it and the next timeline's lie side by side")
def timelines(t):
    partial = t.put(t.m.partial)
    full = t.put(partial, name=partial.name.removesuffix(".partial"))
    for path in (partial, full, t.put(t.m.child), t.put(t.m.history)):
        t.archive(path).ok()
    for path in (partial, full, t.m.child, t.m.history):
        check(t.is_right(path), f"{path.name} is not as it was")


@case("D03", "a clone that went another way archives into the same place: refused")
def clone(t):
    path = t.segment()
    t.archive(path).ok()
    t.archive(t.another(path)).fails().says(path.name)
    wal.patch_control(t.data / "global/pg_control", system=4711)
    other = t.put(t.m.segments[2], content=wal.with_header(t.m.segments[2].read_bytes(), system=4711))
    t.archive(other).fails().says("4711")
    t.has_not(other.name)
