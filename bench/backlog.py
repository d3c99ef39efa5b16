"""Archiving a backlog: the archiver is called for one .ready file after the other, until there is none."""

import sys

from material import data_directory, empty
from measure import Goal, Row, Table
from pgbackrest import Repository


def table(bench, wal):
    count = min(len(wal.segments), 16 if bench.quick else 200)
    segments = wal.segments[:count]
    data = data_directory(bench, wal, "backlog", segments)
    status = data / "pg_wal" / "archive_status"

    def all_ready(_round):
        for segment in segments:
            (status / f"{segment.name}.done").unlink(missing_ok=True)
            (status / f"{segment.name}.ready").touch()

    def archiver(*command):
        return [sys.executable, bench.scratch / "bench" / "archiver.py", data, *command]

    rows, goals = [], []
    for name, codec in {"none": "none", "lz4": "lz4", "zstd 1": "zstd:1"}.items():
        to = bench.scratch / "backlog-pitr" / name.replace(" ", "-")

        def fresh(round_number, to=to):
            all_ready(round_number)
            bench.run(bench.program("pitr-archive"), "-D", data, "-dl", empty(to), "--init")

        command = [bench.program("pitr-archive"), "-D", data, "-dl", f"{codec}={to}"]
        plain = [*command, "--batch-size=0", "%p"]
        single = Row(f"pitr-archive {name}, one by one", lambda i, command=plain: archiver(*command), fresh, per=count,
                     extra=True)
        ahead = Row(f"pitr-archive {name}, look-ahead", lambda i, command=command: archiver(*command, "%p"), fresh,
                    per=count)
        repository = Repository(bench, f"backlog-{name.replace(' ', '-')}", data, codec, asynchronous=True)

        def fresh_repository(round_number, repository=repository):
            all_ready(round_number)
            repository.create()

        peer = Row(f"pgBackRest async {name}, 2 processes",
                   lambda i, repository=repository: archiver(*repository.push("%p")), fresh_repository, per=count)
        rows += [single, ahead, peer]
        goals.append(Goal(f"{name}, look-ahead / pgBackRest async", ahead, (peer,), 0.5))
    bench.take_turns(rows, 5)
    return Table("backlog", f"Archiving a backlog of {count} segments, per segment", "ms", rows, goals)
