"""What grows with what: files in the archive, bytes of the cluster, number of its files."""

import os
import shutil

from base import pitr_base
from material import bytes_of, data_directory, empty, files_of
from measure import Goal, Row, Table


def archive_rows(bench, wal, rounds):
    """Calls beside 10 and beside very many files."""
    many = bench.amount(1000, 100_000, 1_000_000)
    segments = wal.segments[:rounds + 1]
    data = data_directory(bench, wal, "growth-archiver", segments)
    rows = []
    for count in (10, many):
        to = empty(bench.scratch / "growth" / f"archive-{count}")
        bench.run(bench.program("pitr-archive"), "-D", data, "-dl", to, "--init")
        for i in range(count):
            os.close(os.open(to / f"00000001{i // 256 + 0x1000:08X}000000{i % 256:02X}.zst", os.O_CREAT | os.O_WRONLY))
        rows.append(Row(f"pitr-archive beside {count} files", lambda i, to=to: [
            bench.program("pitr-archive"), "-D", data, "-dl", f"zstd={to}", data / "pg_wal" / segments[i].name]))
        rows.append(Row(f"pitr-restore beside {count} files", lambda i, to=to: [
            bench.program("pitr-restore"), "-D", data, "-s", to, segments[i].name, bench.scratch / "growth" / "out"]))
    return rows


def base_rows(bench, server):
    """Backups of the cluster with more bytes and more files in a directory that no server looks at."""
    large, small_files = bench.amount((0.2, 500), (0.5, 10_000), (10, 200_000))
    extra = server.data / "base" / "9999"
    rows, sizes = [], []

    def row(name, fill, *peer):
        def prepare(_round):
            empty(bench.scratch / "growth" / "base")
            if getattr(server, "filled_with", None) != name:
                shutil.rmtree(extra, ignore_errors=True)
                extra.mkdir()
                fill()
                server.filled_with = name

        rows.append(Row(name, lambda i: list(peer) or pitr_base(bench, server, [f"lz4={bench.scratch / 'growth' / 'base'}"]),
                        prepare))

    source = max(files_of(server.data / "base"), key=lambda path: path.stat().st_size)

    def bytes_to(total):
        def fill():
            size = source.stat().st_size
            for i in range(int(total / size)):
                shutil.copyfile(source, extra / f"copy{i}")
        return fill

    def many_files():
        for i in range(small_files):
            (extra / f"file{i}").write_bytes(b"x" * 100)

    row("pitr-base of 100 MB more", bytes_to(100e6))
    row(f"pitr-base of {large} GB more", bytes_to(large * 1e9))
    row(f"pitr-base of {small_files} small files more", many_files)
    tar = 'tar -C "$1" -cf - base | lz4 -qc >"$2/t" && sync "$2/t" "$2"'
    row(f"tar | lz4 of {small_files} small files more", many_files, "sh", "-c", tar, "sh", server.data,
        bench.scratch / "growth" / "base")
    for one in rows:  # not in turn: each wants another directory
        bench.take_turns([one], 5)
        sizes.append(bytes_of(server.data))
    shutil.rmtree(extra)
    return rows, sizes


def table(bench, wal, server):
    rounds = 9
    calls = archive_rows(bench, wal, rounds)
    bench.take_turns(calls, rounds)
    backups, sizes = base_rows(bench, server)
    goals = [Goal("archiving: very many files / few", calls[2], (calls[0],), 1.1),
             Goal("restoring: very many files / few", calls[3], (calls[1],), 1.1),
             Goal("pitr-base: time per byte, large / small", factor=1.1, value=lambda: (
                 backups[1].median() / sizes[1]) / (backups[0].median() / sizes[0])),
             Goal("pitr-base: many small files / tar", backups[2], (backups[3],), 2.0)]
    return Table("growth", "Growth", "ms", calls + backups, goals)
