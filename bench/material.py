"""What the tools work on: WAL of a pgbench load with segments of 16 MiB, and a cluster with page checksums."""

import os
import pathlib
import shutil
import time

from measure import BenchError


class Server:
    """A PostgreSQL on a Unix socket in the scratch directory."""

    def __init__(self, bench, name, scale):
        self.bench, self.name, self.scale = bench, name, scale
        self.data = bench.scratch / name
        self.socket = bench.scratch

    def initialize(self, **settings):
        self.bench.run("initdb", "-D", self.data, "-k", "-N", "-A", "trust", "-U", "postgres", "--no-locale",
                       "-E", "UTF8")
        self.configure(listen_addresses="", unix_socket_directories=self.socket, shared_buffers="128MB",
                       max_connections="30", wal_level="replica", max_wal_size="2GB", checkpoint_timeout="1h",
                       autovacuum="off", fsync="off", timezone="UTC", **settings)
        return self

    def configure(self, **settings):
        with open(self.data / "postgresql.conf", "a", encoding="utf8") as file:
            for name, value in settings.items():
                quoted = str(value).replace("'", "''")
                print(f"{name} = '{quoted}'", file=file)

    def start(self):
        self.bench.run("pg_ctl", "-D", self.data, "-l", f"{self.data}.log", "-s", "-w", "-t", "60", "start")

    def stop(self):
        if (self.data / "postmaster.pid").exists():
            self.bench.run("pg_ctl", "-D", self.data, "-s", "-m", "fast", "-w", "stop")

    def sql(self, *statements):
        words = [word for statement in statements for word in ("-c", statement)]
        return self.bench.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.socket, "-U", "postgres",
                              *words, "postgres").strip()

    def fill(self):
        self.bench.run("pgbench", "-i", "-q", "-s", self.scale, "-h", self.socket, "-U", "postgres", "postgres")

    def load(self, seconds):
        self.bench.run("pgbench", "-n", "-c", "4", "-T", seconds, "-h", self.socket, "-U", "postgres", "postgres")


class Wal:
    """`segments`: archived ones in order. `origin`: the stopped cluster as it was just before the first of them."""

    def __init__(self, bench, count, scale):
        self.bench = bench
        self.origin = bench.scratch / "origin"
        self.archived = bench.directory("archived")
        server = Server(bench, "wal-server", scale).initialize(
            archive_mode="on", archive_command=f"cp %p {self.archived}/%f")
        self.server = server
        try:
            self._make(count)
        finally:
            server.stop()
        self.segments = sorted(path for path in self.archived.iterdir() if len(path.name) == 24)
        shutil.rmtree(server.data)
        bench.run("sync", "-f", self.archived)

    def _make(self, count):
        server = self.server
        server.start()
        server.fill()
        server.sql("VACUUM ANALYZE", "CHECKPOINT", "SELECT pg_switch_wal()")
        server.stop()
        self.bench.run("cp", "-a", server.data, self.origin)
        for path in list(self.archived.iterdir()):
            path.unlink()
        server.start()
        deadline = time.monotonic() + 300
        while self._archived() < count:
            if time.monotonic() > deadline:
                raise BenchError(f"only {self._archived()} of {count} segments in 300 s")
            server.load(2)
            # Full page images come back, as they do in a busy server.
            server.sql("CHECKPOINT")
        server.sql("SELECT pg_create_restore_point('end')")
        last = server.sql("SELECT pg_walfile_name(pg_switch_wal())")
        # A server that is shut down archives what is complete.
        server.stop()
        if not (self.archived / last).exists():
            raise BenchError(f"segment {last} was not archived")

    def _archived(self):
        return sum(1 for _ in self.archived.iterdir())


def data_directory(bench, wal, name, segments):
    """What a program called by the archiver looks at: pg_control and pg_wal with these segments, all of them ready."""
    directory = bench.directory(name)
    for path in ("PG_VERSION", "global/pg_control"):
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(wal.origin / path, directory / path)
    status = directory / "pg_wal" / "archive_status"
    status.mkdir(parents=True)
    for segment in segments:
        os.link(segment, directory / "pg_wal" / segment.name)
        (status / f"{segment.name}.ready").touch()
    return directory


def empty(path):
    shutil.rmtree(path, ignore_errors=True)
    pathlib.Path(path).mkdir(parents=True)
    return path


def files_of(directory):
    return [path for path in pathlib.Path(directory).rglob("*") if path.is_file() and not path.is_symlink()]


def bytes_of(directory):
    return sum(path.stat().st_size for path in files_of(directory))
