"""Archiving, one call per segment, each call with another segment."""

import zlib

from material import data_directory, empty
from measure import Goal, Row, Table
from pgbackrest import Repository

OF_NO_GOAL = ("pitr zstd 3", "pgbackrest none", "pgbackrest zstd 3", "pgbackrest start", "limit none", "limit lz4", "limit zstd 3")
CODECS = {"none": "none", "lz4": "lz4", "zstd 1": "zstd:1", "zstd 3": "zstd:3", "gzip": "gzip"}


def durable_cp(segment, directory):
    script = 'cp "$1" "$2/$3.tmp" && sync "$2/$3.tmp" && mv "$2/$3.tmp" "$2/$3" && sync "$2"'
    return ["sh", "-c", script, "sh", str(segment), str(directory), segment.name]


def ratio_beside_zlib(segments, directory):
    """Stored bytes of our gzip, divided by those of zlib 1."""
    ours = sum((directory / f"{segment.name}.gz").stat().st_size for segment in segments)
    theirs = sum(len(zlib.compress(segment.read_bytes(), 1)) for segment in segments)
    return ours / theirs


def table(bench, wal):
    rounds = bench.amount(1, 9, 21)
    data = data_directory(bench, wal, "archiver", wal.segments)
    segments = wal.segments[:rounds + 1]
    in_pg_wal = [data / "pg_wal" / segment.name for segment in segments]
    row = {}

    def place(name):
        return empty(bench.scratch / "archive" / name.replace(" ", "-"))

    cp = place("cp")
    row["cp"] = Row("durable cp", lambda i: durable_cp(in_pg_wal[i], cp))
    for name, codec in CODECS.items():
        to = place(f"pitr {name}")
        bench.run(bench.program("pitr-archive"), "-D", data, "-dl", to, "--init")
        row[f"pitr {name}"] = Row(f"pitr-archive {name}", lambda i, to=to, codec=codec: [
            bench.program("pitr-archive"), "-D", data, "-dl", f"{codec}={to}", "--batch-size=0", in_pg_wal[i]])
    for name, codec in {"none": "none", "lz4": "lz4", "zstd 1": "zstd:1", "zstd 3": "zstd:3", "gzip 6": "gzip:6"}.items():
        repository = Repository(bench, f"archive-{name.replace(' ', '-')}", data, codec)
        repository.create()
        row[f"pgbackrest {name}"] = Row(f"pgBackRest {name}",
                                        lambda i, repository=repository: repository.push(in_pg_wal[i]))
    for name in ("none", "lz4", "zstd 1", "zstd 3"):
        to = place(f"limit {name}")
        row[f"limit {name}"] = Row(f"limit {name}", lambda i, to=to, codec=CODECS[name]: [
            bench.program("limit"), "archive", codec, in_pg_wal[i], to / segments[i].name])
    row["start"] = Row("pitr-archive --version", lambda i: [bench.program("pitr-archive"), "--version"], repeat=40)
    row["pgbackrest start"] = Row("pgBackRest version", lambda i: ["pgbackrest", "version"], repeat=10)
    row["limit start"] = Row("static C --version", lambda i: [bench.program("limit"), "--version"], repeat=40)

    for name in OF_NO_GOAL:
        row[name].extra = True
    bench.take_turns(list(row.values()), rounds)
    gzip_ratio = ratio_beside_zlib(segments, bench.scratch / "archive" / "pitr-gzip")
    goals = [
        Goal("none / durable cp", row["pitr none"], (row["cp"],), 0.65),
        Goal("zstd 1 / pgBackRest zstd 1", row["pitr zstd 1"], (row["pgbackrest zstd 1"],), 0.55),
        Goal("zstd 1 / limit", row["pitr zstd 1"], (row["limit zstd 1"],), 1.15),
        Goal("lz4 / pgBackRest lz4", row["pitr lz4"], (row["pgbackrest lz4"],), 0.5),
        Goal("gzip / pgBackRest gzip 6", row["pitr gzip"], (row["pgbackrest gzip 6"],), 0.1),
        Goal("gzip: bytes / those of zlib 1", value=lambda: gzip_ratio, factor=1.1),
        Goal("start / static C", row["start"], (row["limit start"],), 2.0),
    ]
    return Table("archive", "Archiving, one call per segment of 16 MiB", "ms", list(row.values()), goals,
                 ["OmniPITR is in no Debian: the ratios to it are not measured."])
