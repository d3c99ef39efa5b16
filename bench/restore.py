"""Restoring, one call per segment."""

import contextlib
import subprocess
import time

from material import data_directory, empty
from measure import BenchError, Goal, Row, Table
from pgbackrest import Repository

OF_GOALS = ("cp", "pitr none", "pitr zstd 1", "pgbackrest zstd 1", "limit zstd 1")
CODECS = {"none": "none", "lz4": "lz4", "zstd 1": "zstd:1", "gzip": "gzip"}
SUFFIXES = {"none": "", "lz4": ".lz4", "zstd 1": ".zst", "gzip": ".gz"}


@contextlib.contextmanager
def process_for_server(data):
    """A process in the data directory, named in postmaster.pid: prefetching goes on for as long as it lives."""
    with subprocess.Popen(["sleep", "infinity"], cwd=data) as process:
        (data / "postmaster.pid").write_text(f"{process.pid}\n", encoding="ascii")
        try:
            yield
        finally:
            (data / "postmaster.pid").unlink()
            process.terminate()


def prefetch_row(bench, data, segments):
    """A call that finds its segment in the spool, as recovery makes it: in order, into pg_wal."""
    spool = bench.directory("prefetched")
    stored = bench.scratch / "restore-from" / "zstd-1"
    target = data / "pg_wal" / "RECOVERYXLOG"
    (data / "recovery.signal").touch()

    def waiting(i):
        target.unlink(missing_ok=True)
        deadline = time.monotonic() + 5
        while i > 0 and not list(spool.rglob(f"*{segments[i].name}*")):
            if time.monotonic() > deadline:
                raise BenchError(f"{segments[i].name} was not prefetched in 5 s")
            time.sleep(0.01)

    def command(i):
        return [bench.program("pitr-restore"), "-D", data, "-s", stored, "--prefetch-dir", spool, segments[i].name,
                "pg_wal/RECOVERYXLOG"]

    return Row("pitr-restore zstd 1, prefetched", command, waiting)


def table(bench, wal):
    rounds = bench.amount(1, 9, 21)
    segments = wal.segments[:rounds + 1]
    data = data_directory(bench, wal, "restored", segments)
    out = bench.directory("restore-out")
    rows = {}

    def add(key, name, command, target):
        def gone(_round):
            target.unlink(missing_ok=True)

        def same(i):
            if target.read_bytes() != segments[i].read_bytes():
                raise BenchError(f"{name}: {target} is not the segment")

        rows[key] = Row(name, command, gone, same, extra=key not in OF_GOALS)

    add("cp", "cp", lambda i: ["cp", segments[i], out / "cp"], out / "cp")
    for name, codec in CODECS.items():
        to = empty(bench.scratch / "restore-from" / name.replace(" ", "-"))
        bench.run(bench.program("pitr-archive"), "-D", data, "-dl", to, "--init")
        for segment in segments:
            bench.run(bench.program("pitr-archive"), "-D", data, "-dl", f"{codec}={to}",
                      data / "pg_wal" / segment.name)
        target = out / f"pitr-{name.replace(' ', '-')}"
        add(f"pitr {name}", f"pitr-restore {name}", lambda i, to=to, target=target: [
            bench.program("pitr-restore"), "-D", data, "-s", to, segments[i].name, target], target)
        if name == "gzip":
            continue
        limit = out / f"limit-{name.replace(' ', '-')}"
        add(f"limit {name}", f"limit {name}", lambda i, to=to, limit=limit, codec=codec, suffix=SUFFIXES[name]: [
            bench.program("limit"), "restore", codec, to / f"{segments[i].name}{suffix}", limit], limit)
        repository = Repository(bench, f"restore-{name.replace(' ', '-')}", data, codec)
        repository.create()
        for segment in segments:
            bench.run(*repository.push(data / "pg_wal" / segment.name))
        peer = out / f"pgbackrest-{name.replace(' ', '-')}"
        add(f"pgbackrest {name}", f"pgBackRest {name}", lambda i, repository=repository, peer=peer:
            repository.get(segments[i].name, peer), peer)
    for tool, codec in (("zstd", "zstd 1"), ("lz4", "lz4")):
        stored = bench.scratch / "restore-from" / codec.replace(" ", "-")
        add(tool, f"{tool} -d", lambda i, tool=tool, stored=stored, suffix=SUFFIXES[codec]: [
            tool, "-dqf", stored / f"{segments[i].name}{suffix}", *(["-o"] if tool == "zstd" else []), out / tool], out / tool)

    prefetch = prefetch_row(bench, data, segments)
    with process_for_server(data):
        bench.take_turns([*rows.values(), prefetch], rounds)
    goals = [
        Goal("none / cp", rows["pitr none"], (rows["cp"],), 1.2),
        Goal("zstd 1 / pgBackRest zstd 1", rows["pitr zstd 1"], (rows["pgbackrest zstd 1"],), 0.5),
        Goal("zstd 1 / limit", rows["pitr zstd 1"], (rows["limit zstd 1"],), 1.15),
        Goal("a prefetched segment, ms", value=lambda: prefetch.median() and prefetch.median() * 1000, factor=5.0),
    ]
    return Table("restore", "Restoring, one call per segment of 16 MiB", "ms", [*rows.values(), prefetch], goals)
