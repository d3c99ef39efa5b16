"""Laying a backup out as a data directory, everything checked and synced."""

import shutil

from base import pitr_base
from material import empty
from measure import Goal, Row, Table
from pgbackrest import Repository

CODECS = {"lz4": ("lz4", "lz4"), "zstd 1": ("zstd:1", "zstd:1"), "gzip": ("gzip", "gzip:6")}


def table(bench, server):
    rows, goals = [], []
    for name, (codec, peer_codec) in CODECS.items():
        stored = empty(bench.scratch / "recover-from" / name.replace(" ", "-"))
        bench.run(*pitr_base(bench, server, [f"{codec}={stored}"]))
        repository = Repository(bench, f"recover-{name.replace(' ', '-')}", server.data, peer_codec, socket=server.socket)
        repository.create()
        bench.run(*repository.backup())
        to = bench.scratch / "recovered"

        def gone(_round, to=to):
            shutil.rmtree(to, ignore_errors=True)
            bench.run("sync", "-f", bench.scratch)

        ours = Row(f"pitr-recover {name}", lambda i, stored=stored, to=to: [
            bench.program("pitr-recover"), "-b", stored, "-D", to, "--only-wal", "--target-immediate", "-PJ", "2",
            "--bindir", bench.postgres], gone)
        peer = Row(f"pgBackRest {peer_codec}, 2 processes", lambda i, repository=repository, to=to: repository.restore(to),
                   lambda i, to=to: empty(to))
        rows += [ours, peer]
        goals.append(Goal(f"{name} / pgBackRest", ours, (peer,), 0.7))
    bench.take_turns(rows, 5)
    return Table("recover", "Restore of a base backup", "s", rows, goals)
