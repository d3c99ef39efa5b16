"""Proving that a backup can be restored."""

from base import pitr_base
from material import bytes_of, empty
from measure import Goal, Row, Table


def table(bench, server):
    size = bytes_of(server.data / "base")
    rows, goals = [], []
    for name, codec in {"lz4": "lz4", "zstd 1": "zstd:1", "gzip": "gzip"}.items():
        stored = empty(bench.scratch / "verified" / name.replace(" ", "-"))
        bench.run(*pitr_base(bench, server, [f"{codec}={stored}"]))
        row = Row(f"pitr-verify {name}", lambda i, stored=stored: [
            bench.program("pitr-verify"), "-b", stored, "-PJ", "2", "-nn"])
        rows.append(row)
        goals.append(Goal(f"{name}: GB of cluster in a second", value=lambda row=row: size / 1e9 / row.median(),
                          factor=1.0, at_least=True))
    bench.take_turns(rows, 5)
    # gzip's own decoder bounds it.
    return Table("verify", f"pitr-verify of a backup of {size / 1e6:.0f} MB", "s", rows, goals[:2],
                 [f"gzip: {goals[2].ratio():.2f} GB/s."])
