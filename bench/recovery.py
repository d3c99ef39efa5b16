"""Recovery of a cluster through a load, from the start of the server until it has reached the end of the WAL."""

import shutil

from material import data_directory, empty
from measure import BenchError, Goal, Row, Table
from pgbackrest import Repository


def cluster_at_start(bench, wal, name, segments, restore_command):
    """Lays out the cluster from before the load; with an empty `restore_command` the WAL is in pg_wal."""
    data = bench.scratch / "recovery" / name
    shutil.rmtree(data, ignore_errors=True)
    data.parent.mkdir(exist_ok=True)
    bench.run("cp", "-a", wal.origin, data)
    for path in (data / "pg_wal").iterdir():
        if path.is_file():
            path.unlink()
    if not restore_command:
        for segment in segments:
            shutil.copyfile(segment, data / "pg_wal" / segment.name)
            (data / "pg_wal" / segment.name).chmod(0o600)
    with open(data / "postgresql.conf", "a", encoding="utf8") as file:
        print(f"restore_command = '{restore_command or 'false'}'", "recovery_target_name = 'end'",
              "recovery_target_action = 'shutdown'", "archive_mode = off", "restart_after_crash = off",
              f"port = {5500 + abs(hash(name)) % 400}", sep="\n", file=file)
    # fsync stays off: the same for all, and what is compared is how the WAL arrives.
    (data / "recovery.signal").touch()
    bench.run("sync", "-f", data)
    return data


def table(bench, wal):
    segments = wal.segments
    data = data_directory(bench, wal, "recovery-archiver", segments)
    stored = empty(bench.scratch / "recovery-archive")
    bench.run(bench.program("pitr-archive"), "-D", data, "-dl", stored, "--init")
    repository = Repository(bench, "recovery", data, "zstd:1")
    ahead = Repository(bench, "recovery", bench.scratch / "recovery" / "pgbackrest-async", "zstd:1", asynchronous=True)
    repository.create()
    for segment in segments:
        bench.run(bench.program("pitr-archive"), "-D", data, "-dl", f"zstd={stored}", data / "pg_wal" / segment.name)
        bench.run(*repository.push(data / "pg_wal" / segment.name))

    def row(name, key, restore_command, extra=False):
        def prepare(_round):
            cluster_at_start(bench, wal, key, segments, restore_command)

        def reached(_round):
            said = bench.log.read_text(errors="replace")
            if "recovery stopping at restore point" not in said:
                raise BenchError(f"{name}: {said[-2000:]}")

        command = [bench.postgres / "postgres", "-D", bench.scratch / "recovery" / key]
        # 1: the server's, after the shutdown at the target.
        return Row(name, lambda i: command, prepare, reached, extra=extra, status=(0, 1))

    def words(command):
        return " ".join(str(word) for word in command)

    spool = bench.scratch / "recovery" / "prefetch"
    ours = f"{bench.program('pitr-restore')} -s {stored}"
    local = row("WAL in pg_wal", "local", "")
    single = row("pitr-restore zstd 1", "pitr", f"{ours} %f %p", extra=True)
    prefetched = row("pitr-restore zstd 1, prefetch", "pitr-prefetch", f"{ours} --prefetch-dir {spool} %f %p")
    repository.data = bench.scratch / "recovery" / "pgbackrest"
    peer = row("pgBackRest zstd 1", "pgbackrest", words(repository.get("%f", "%p")))
    peer_ahead = row("pgBackRest async zstd 1", "pgbackrest-async", words(ahead.get("%f", "%p")))
    plain = row("cp", "cp", f"cp {wal.archived}/%f %p", extra=True)
    rows = [local, plain, single, prefetched, peer, peer_ahead]
    bench.take_turns(rows, 5)
    return Table("recovery", f"Recovery of {len(segments)} segments", "s", rows,
                 [Goal("prefetch / WAL in pg_wal", prefetched, (local,), 1.1),
                  Goal("prefetch / the best of pgBackRest", prefetched, (peer, peer_ahead), 1.0)])
