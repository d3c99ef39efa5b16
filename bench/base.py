"""Base backups of a running cluster, each with the WAL that makes it consistent, synced, pages and manifest checked."""

import os
import subprocess

from material import bytes_of, empty, files_of
from measure import Goal, Row, Table
from pgbackrest import Repository

BASEBACKUP = {"tar none": [], "server lz4": ["--compress=server-lz4"], "server zstd 1": ["--compress=server-zstd:1"],
              "server zstd 1, 2 workers": ["--compress=server-zstd:level=1,workers=2"],
              "gzip": ["--compress=client-gzip"]}


def pitr_base(bench, server, destinations, *options):
    return [bench.program("pitr-base"), "-D", server.data, "-h", server.socket, "-U", "postgres", "-PJ", "2", "-nn",
            "-x", bench.scratch / "staging", "-t", bench.directory("tmp"),
            *(word for place in destinations for word in ("-dl", place)), *options]


def cached(server):
    """Every tool reads the tables from the page cache."""
    for path in files_of(server.data / "base"):
        path.read_bytes()


def table(bench, server):
    rows = {}

    def ours(name, *places):
        directories = [bench.scratch / "base" / f"pitr-{name}-{i}" for i in range(len(places))]

        def fresh(_round):
            for directory in directories:
                empty(directory)
            cached(server)

        rows[f"pitr {name}"] = Row(f"pitr-base {name}", lambda i: pitr_base(
            bench, server, [f"{codec}={place}" for codec, place in zip(places, directories)]), fresh)

    for name, codec in {"none": "none", "lz4": "lz4", "zstd 1": "zstd:1", "gzip": "gzip"}.items():
        ours(name, codec)
    ours("zstd 1, twice", "zstd:1", "zstd:1")
    for name, options in BASEBACKUP.items():
        to = bench.scratch / "base" / "pg_basebackup"

        def gone(_round, to=to):
            empty(to)
            cached(server)

        rows[f"basebackup {name}"] = Row(f"pg_basebackup {name}", lambda i, options=options, to=to: [
            "pg_basebackup", "-h", server.socket, "-U", "postgres", "-D", to, "-Ft", "-X", "fetch", "-c", "fast",
            *options], gone, by_server=True)
    for name, codec in {"none": "none", "lz4": "lz4", "zstd 1": "zstd:1", "gzip 6": "gzip:6"}.items():
        repository = Repository(bench, f"base-{name.replace(' ', '-')}", server.data, codec, socket=server.socket)

        def fresh_repository(_round, repository=repository):
            repository.create()
            cached(server)

        rows[f"pgbackrest {name}"] = Row(f"pgBackRest {name}, 2 processes", lambda i, repository=repository:
                                         repository.backup(), fresh_repository, extra=name == "none")
    bench.take_turns(list(rows.values()), 5)
    return Table("base", f"Base backup of {bytes_of(server.data) / 1e6:.0f} MB in {len(files_of(server.data))} files, "
                 "2 workers", "s", list(rows.values()), goals(bench, server, rows))


def goals(bench, server, rows):
    best = [row for name, row in rows.items() if name.startswith("basebackup") and "gzip" not in name]
    ours = [row for name, row in rows.items() if name.startswith("pitr")]
    result = [
        Goal("zstd 1 / best pg_basebackup", rows["pitr zstd 1"], tuple(best), 0.9),
        Goal("lz4 / best pg_basebackup", rows["pitr lz4"], tuple(best), 0.9),
        Goal("zstd 1 / pgBackRest zstd 1", rows["pitr zstd 1"], (rows["pgbackrest zstd 1"],), 0.55),
        Goal("lz4 / pgBackRest lz4", rows["pitr lz4"], (rows["pgbackrest lz4"],), 0.55),
        Goal("gzip / best gzip of the peers", rows["pitr gzip"],
             (rows["pgbackrest gzip 6"], rows["basebackup gzip"]), 0.1),
        Goal("two destinations / one, zstd 1", rows["pitr zstd 1, twice"], (rows["pitr zstd 1"],), 1.15),
        Goal("peak memory, MiB", value=lambda: max(row.memory for row in ours) / 1024, factor=64),
    ]
    for name, masked in (("", False), (" without RWF_DONTCACHE", True)):
        kept, added = footprint(bench, server, masked)
        result += [Goal(f"server's pages that stay cached{name}", value=lambda kept=kept: kept, factor=0.95, at_least=True),
                   Goal(f"cluster that is cached in addition{name}", value=lambda added=added: added, factor=0.05)]
    return result


def cached_bytes(bench, paths):
    done = subprocess.run(["fincore", "--bytes", "--noheadings", "--output", "RES", *map(str, paths)],
                          stdout=subprocess.PIPE, check=True, text=True, env=bench.environment)
    return sum(map(int, done.stdout.split()))


def evict(paths):
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def footprint(bench, server, masked):
    """Which part of the cached pages stays cached, and which part of the cluster comes in addition."""
    # The tables of the load; system catalogs are read by any session.
    paths = [path for path in files_of(server.data / "base") if path.stat().st_size > 1 << 20]
    total = bytes_of(server.data / "base")
    evict(paths)
    hot, cold = paths[::2], paths[1::2]
    for path in hot:
        path.read_bytes()
    before, cold_before = cached_bytes(bench, hot), cached_bytes(bench, cold)
    to = empty(bench.scratch / "base" / "footprint")
    command = pitr_base(bench, server, [f"zstd:1={to}"])
    if masked:
        command = ["strace", "-f", "-qq", "-o", bench.scratch / "trace", "-e", "trace=preadv2",
                   "-e", "inject=preadv2:error=EOPNOTSUPP", *command]
    bench.run(*command)
    return cached_bytes(bench, hot) / before, (cached_bytes(bench, cold) - cold_before) / total
