"""Real WAL, made once per run by a real server: nothing here is written by the programs under test."""

import bz2
import gzip
import lzma
import os
import pathlib
import shutil
import struct
import subprocess

import sandbox

BIN = pathlib.Path(os.environ.get("BIN", "/usr/lib/postgresql/15/bin"))
MEGABYTE = 1 << 20
SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst", "lz4": ".lz4", "bzip2": ".bz2", "xz": ".xz",
            "lzma": ".lzma"}


class Server:
    """A PostgreSQL on a Unix socket in its own directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.log = self.directory / "log"

    def initialize(self, segment_size=1):
        self.directory.mkdir(parents=True, exist_ok=True)
        self._run("initdb", "-D", self.data, "-A", "trust", "-N", "-U", "postgres",
                  f"--wal-segsize={segment_size}")
        self.configure(listen_addresses="", unix_socket_directories=self.directory, shared_buffers="16MB",
                       fsync="off", archive_mode="on", archive_command="false", wal_keep_size="200MB",
                       max_wal_size="400MB", checkpoint_timeout="1h", autovacuum="off",
                       logging_collector="off")
        return self

    def configure(self, **settings):
        with open(self.data / "postgresql.conf", "a", encoding="utf8") as file:
            for name, value in settings.items():
                quoted = str(value).replace("'", "''")
                print(f"{name} = '{quoted}'", file=file)

    def start(self, wait=True):
        return self._call("pg_ctl", "-D", self.data, "-l", self.log, "-t", "60", "-w" if wait else "-W",
                          "start")

    def stop(self, how="fast"):
        return self._call("pg_ctl", "-D", self.data, "-m", how, "-t", "60", "-w", "stop")

    def is_running(self):
        return self._call("pg_ctl", "-D", self.data, "status")[0] == 0

    def sql(self, text):
        return self._run(*self.psql(text)).strip()

    def psql(self, text):
        return ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U", "postgres", "postgres",
                "-c", text)

    def _run(self, *words):
        status, text = self._call(*words)
        if status != 0:
            raise RuntimeError(f"{words[0]}: {text}")
        return text

    def _call(self, program, *words):
        owner = {"user": sandbox.USER.pw_uid, "group": sandbox.USER.pw_gid} if sandbox.IS_ROOT else {}
        # A server that is started keeps the descriptors of its parent: a file, no pipe that would never end.
        with open(self.directory / "said", "w+", encoding="utf8") as said:
            done = subprocess.run([str(BIN / program), *map(str, words)], stdin=subprocess.DEVNULL,
                                  stdout=said,
                                  stderr=said, preexec_fn=sandbox.drop_rights, cwd=self.directory,
                                  check=False,
                                  **owner)
            said.seek(0)
            return done.returncode, said.read()


class Material:
    """Files of a cluster with segments of 1 MB, and one segment and a data directory of one with 16 MB."""

    def __init__(self, directory, shim_source):
        self.directory = pathlib.Path(directory)
        self.small, self.large = self.directory / "small", self.directory / "large"
        self._make_small(Server(self.directory / "server1").initialize(1))
        self._make_large(Server(self.directory / "server16").initialize(16))
        self.shim = self.directory / "shim.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", self.shim,
                        shim_source, "-ldl"], check=True)

    def _make_small(self, server):
        server.start()
        server.sql("CREATE TABLE t AS "
                   "SELECT g, repeat(md5(g::text), 20) AS text FROM generate_series(1, 9000) g")
        server.sql("SELECT pg_switch_wal()")
        self._one_backup(server)
        server.sql("INSERT INTO t SELECT * FROM t LIMIT 4000")
        server.stop()
        # A second timeline: its history, the .partial of the first, and a segment with pages of both.
        (server.data / "standby.signal").touch()
        server.configure(restore_command="false")
        server.start()
        server.sql("SELECT pg_promote()")
        server.sql("INSERT INTO t SELECT * FROM t LIMIT 3000")
        server.sql("SELECT pg_switch_wal()")
        server.stop()
        wal = server.data / "pg_wal"
        complete = sorted(path.name[:-6] for path in (wal / "archive_status").glob("*.ready"))
        _copy_cluster(server.data, self.small)
        for name in complete:
            shutil.copyfile(wal / name, self.small / name)
        segments = [name for name in complete if len(name) == 24]
        # The first segments are of initdb; all are real.
        self.segments = [self.small / name for name in segments if name.startswith("00000001")]
        self.child = next(self.small / name for name in segments if name.startswith("00000002"))
        self.history = self.small / "00000002.history"
        self.backup = next(self.small / name for name in complete if name.endswith(".backup"))
        self.partial = next(self.small / name for name in complete if name.endswith(".partial"))

    def _one_backup(self, server):
        # Start and stop belong to one session.
        server.sql("DO $$ BEGIN PERFORM pg_backup_start('one', true); PERFORM pg_backup_stop(false); END $$")

    def _make_large(self, server):
        server.start()
        server.sql("CREATE TABLE t AS SELECT g, md5(g::text) AS text FROM generate_series(1, 40000) g")
        server.sql("SELECT pg_switch_wal()")
        server.stop()
        name = "000000010000000000000001"
        _copy_cluster(server.data, self.large)
        shutil.copyfile(server.data / "pg_wal" / name, self.large / name)
        self.large_segment = self.large / name


def _copy_cluster(data, to):
    (to / "global").mkdir(parents=True)
    for name in ("PG_VERSION", "global/pg_control"):
        shutil.copyfile(data / name, to / name)


# --- codecs: the standard tools', not ours

def compress(codec, content):
    tools = {"zstd": ["zstd", "-q", "-c", "--check"], "lz4": ["lz4", "-q", "-c", "-z"]}
    if codec in tools:
        return subprocess.run(tools[codec], input=content, stdout=subprocess.PIPE, check=True).stdout
    return {"none": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress,
            "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE)}[codec](content)


def content(path):
    """What a stored file holds, whatever its suffix; None when it does not decompress."""
    raw = pathlib.Path(path).read_bytes()
    try:
        if path.suffix in (".zst", ".lz4"):
            tool = {".zst": "zstd", ".lz4": "lz4"}[path.suffix]
            done = subprocess.run([tool, "-q", "-d", "-c"], input=raw, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=False)
            return done.stdout if done.returncode == 0 else None
        tools = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress,
                 ".lzma": lzma.decompress}
        return tools.get(path.suffix, bytes)(raw)
    except (OSError, EOFError, ValueError, lzma.LZMAError):
        return None


# --- the first page of a segment, and pg_control

def header(data):
    names = ("magic", "flags", "timeline", "address", "length", "padding", "system", "size", "block")
    return dict(zip(names, struct.unpack_from("<HHIQIIQII", data)))


def with_header(data, **changes):
    values = {**header(data), **changes}
    return struct.pack("<HHIQIIQII", *values.values()) + data[40:]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def patch_control(path, system=None, segment_size=None, redo=None, timeline=None):
    """Another cluster's pg_control, with a checksum that fits (the layout of 13 to 17)."""
    data = bytearray(path.read_bytes())
    for offset, form, value in ((0, "<Q", system), (228, "<I", segment_size), (40, "<Q", redo),
                                (48, "<I", timeline)):
        if value is not None:
            struct.pack_into(form, data, offset, value)
    struct.pack_into("<I", data, 288, crc32c(data[:288]))
    path.write_bytes(data)


def system_identifier(data_directory):
    return struct.unpack_from("<Q", (data_directory / "global/pg_control").read_bytes())[0]
