"""pitr-restore: damaged, foreign and hostile files. Never 0 with wrong bytes; never 1, which promotes."""

import os
import subprocess

import material as wal
import sandbox
from registry import Skip, case, check, each
from world import FAILURE, MARKER

MOST_MEMORY = 64 << 10  # KiB
CHECKED = ("gzip", "zstd", "lz4", "bzip2", "xz")  # formats with a checksum of their content


def damages(stored, kind):
    """The stored file's damaged forms."""
    good = stored.read_bytes()
    if kind == "half":
        yield good[:len(good) // 2]
    elif kind == "empty":
        yield b""
    elif kind == "cut by a byte":
        yield good[:-1]
    elif kind == "followed by garbage":
        yield good + b"garbage"
        if stored.suffix != ".xz":  # whose streams may be padded with zeros
            yield good + bytes(8192)
    elif kind == "with a bit flipped at 12 places":
        for i in range(12):
            data = bytearray(good)
            data[(len(data) - 1) * i // 11] ^= 1 << i % 8
            yield bytes(data)
    elif kind == "with a hole of 4 kB":
        yield good[:len(good) // 2] + bytes(4096) + good[len(good) // 2 + 4096:]
    else:
        yield bytes(len(good))


def damaged(t, kind, mode):
    # A plain file has no checksum: what its header and its length do not tell, nobody can.
    codecs = CHECKED if "bit" in kind or "hole" in kind else tuple(wal.SUFFIXES)
    source = t.m.segments[1]
    t.mark()
    for codec in codecs:
        stored = t.store(source, codec)
        for data in damages(stored, kind):
            stored.write_bytes(data)
            run = t.restore(source.name, mode=mode)
            if run.status == 0:  # a bit of the format's that means nothing
                check("bit" in kind, f"{codec}: {run}")
                t.given(source)
                t.target.unlink()
            else:
                run.gives(FAILURE[mode]).says(stored)
                t.not_given()
        stored.unlink()


KINDS = {"R10": "half", "R11": "empty", "R12": "cut by a byte", "R13": "followed by garbage",
         "R14": "with a bit flipped at 12 places", "R15": "with a hole of 4 kB", "R16": "all zeros"}
each("a stored file {}, standby: 2", **KINDS)(lambda t, kind: damaged(t, kind, "standby"))
each("a stored file {}, recovery: 200", **{f"{name}F": kind for name, kind in KINDS.items()})(
    lambda t, kind: damaged(t, kind, "recovery"))


@case("R16b", "a history file empty, garbage, of the wrong timelines")
def damaged_history(t):
    t.mark()
    stored = t.store(t.m.history)
    for content in (b"", b"\n", b"# comment\n", bytes(100), b"1\t0/zz\tx\n", b"2\t0/300000\tx\n",
                    b"3\t0/300000\tx\n",
                    b"1\n", os.urandom(3000), b"x" * (2 << 20)):
        stored.write_bytes(content)
        for mode in FAILURE:
            t.restore(t.m.history.name, "--history-retry-time", "0", mode=mode,
                      target=t.pg_wal / "RECOVERYHISTORY").gives(*({2, 200}
                                                                   if mode == "other" else {FAILURE[mode]}))
            t.not_given(t.pg_wal / "RECOVERYHISTORY")


def wrong(t, content, codec, *words):
    t.mark()
    stored = t.store(t.m.segments[1], codec, content=content)
    for mode in ("recovery", "standby"):
        t.refuses(t.m.segments[1].name, mode, words=[t.m.segments[1].name, *words])
    stored.unlink()


@case("R20", "validly compressed, and half or twice a segment long")
def wrong_size(t):
    content = t.m.segments[1].read_bytes()
    for codec in wal.SUFFIXES:
        wrong(t, content[:len(content) // 2], codec)
        wrong(t, content + content, codec)
        wrong(t, b"", codec)


@each("{} under this name", R21="another segment's bytes", R22="another cluster's bytes",
      R22b="a later timeline's bytes")
def foreign(t, kind):
    own = t.m.segments[1].read_bytes()
    content, word = {"another segment's bytes": (t.m.segments[2].read_bytes(), "position"),
                     "another cluster's bytes": (wal.with_header(own, system=4711), "4711"),
                     "a later timeline's bytes": (wal.with_header(own, timeline=7), "timeline 7")}[kind]
    for codec in ("none", "zstd"):
        wrong(t, content, codec, word)


def bounded(t, run):
    check(run.usage.ru_maxrss <= MOST_MEMORY, f"{run.usage.ru_maxrss} KiB of memory")
    return run


@case("R23", "a bomb (1 GB and more from some kB): refused, 64 MB of memory and a segment of disk are enough")
def bomb(t):
    t.mark()
    first, more = t.m.segments[1].read_bytes(), bytes(64 * wal.MEGABYTE)
    for codec in ("zstd", "lz4", "gzip", "bzip2", "xz") if t.all else ("zstd", "lz4", "xz"):
        # Streams may follow each other in all these formats.
        stored = t.store(t.m.segments[1], codec)
        stored.write_bytes(wal.compress(codec, first) + 16 * wal.compress(codec, more))
        for mode in ("recovery", "standby"):
            trace = t.dir / "trace"
            t.refuses(t.m.segments[1].name, mode, words=[stored],
                      prefix=["strace", "-f", "-qq", "-o", trace, "-e", "trace=write"])
            written = sum(int(line.rsplit("= ", 1)[1].split()[0]) for line in trace.read_text().splitlines()
                          if " = " in line and "exited" not in line)
            check(written <= wal.MEGABYTE + 4096, f"{codec}: {written} bytes were written")
            bounded(t, t.restore(t.m.segments[1].name, mode=mode).gives(FAILURE[mode]).within(10))
        stored.unlink()


@case("R23b", "a decoder asked for gigabytes of window or dictionary: 64 MB of memory")
def greedy(t):
    t.mark()
    source = t.m.segments[1]
    stored = t.store(source, "lzma")
    data = bytearray(stored.read_bytes())
    for size in (1 << 26, 1 << 30, 0xFFFFFFFF):
        data[1:5] = size.to_bytes(4, "little")
        stored.write_bytes(data)
        run = bounded(t, t.restore(source.name).gives(0, 200))
        check(run.status != 0 or t.target.read_bytes() == source.read_bytes(), "other bytes")
        t.target.unlink(missing_ok=True)
    stored.unlink()
    stored = t.store(source, "zstd")
    for window in (27, 31):
        # Not made in this process: what it holds would count as the program's.
        line = f"{{ cat {source}; head -c 300M /dev/zero; }} | zstd -q -c --long={window} >{stored}"
        subprocess.run(["bash", "-c", line], check=True)
        bounded(t, t.restore(source.name).gives(200))


@case("R23c", "a hundred thousands of files in the archive (--all: a million): bounded memory, ten seconds")
def many_files(t):
    try:
        t.mounted(sandbox.mount_memory, t.dst, "2g,nr_inodes=2000000")
    except Skip:
        pass  # slower, and as good
    t.mark()
    count = 1000000 if t.all else 200000
    names = (f"{1 + number % 2:08X}{number // 2 // 4096:08X}{number // 2 % 4096:08X}.zst"
             for number in range(count))
    directory = os.open(t.dst, os.O_RDONLY)
    for name in names:
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=directory))
    os.close(directory)
    name = f"00000001{count // 2 // 4096 + 1:08X}00000000"
    for mode in ("recovery", "standby"):
        bounded(t, t.restore(name, mode=mode).gives(1).within(10 if not t.all else 30))
    # Without a marker one segment has to be found; none of these is one.
    (t.dst / MARKER).unlink()
    bounded(t, t.restore(name).gives(200).within(30))
    t.mark()
    path = t.put(t.m.child)  # a position that is free
    (t.dst / f"{path.name}.zst").unlink(missing_ok=True)
    bounded(t, t.archive(path)).ok().within(5)
    t.store(t.m.segments[1])
    (t.dst / f"{t.m.segments[1].name}.zst").unlink()
    bounded(t, t.restore(t.m.segments[1].name)).ok().within(5)


@case("R24", "the stored file is a symbolic link, a FIFO, a directory: not handed over, no hang")
def odd_files(t):
    t.mark()
    source = t.m.segments[1]
    stored = t.dst / source.name
    for mode in ("recovery", "standby"):
        stored.symlink_to(source)
        t.refuses(source.name, mode, words=[stored])
        stored.unlink()
        os.mkfifo(stored)
        t.refuses(source.name, mode, words=[stored], seconds=10)
        stored.unlink()
        stored.mkdir()
        t.refuses(source.name, mode, words=[stored])
        stored.rmdir()
