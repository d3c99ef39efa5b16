"""The surroundings of a case of pitr-base: a running server that archives, a place for sets, and what may be
said about them afterwards."""

import contextlib
import os
import shutil
import subprocess

import sandbox
from material import BIN, Server
from program import ARCHIVE, BASE
from registry import check, wait_until

ROWS = 3000


class Backups:
    """`standing`: the staging directory exists and is filled by pitr-archive; else it is pitr-base's own."""

    def __init__(self, t, standing=False, before_start=None, **settings):
        self.t, self.sets, self.temporary = t, t.dir / "sets", t.dir / "temporary"
        self.staging, self.log = t.dir / "staging", t.dir / "base.log"
        for path in (self.sets, self.temporary):
            path.mkdir()
        if standing:
            self.staging.mkdir()
        self.server = Server(t.dir / "primary").initialize(1)
        self.data = self.server.data
        places = f"-dl {t.dst}" + (f" -dl {self.staging}" if standing else f" -db {self.staging}")
        self.server.configure(archive_command=f'{ARCHIVE} -D {self.data} {places} -s {t.state} "%p"',
                              **settings)
        t.closing.append(lambda: self.server.stop("immediate"))
        if before_start:
            before_start(self)
        self.start()
        self.server.sql(f"CREATE TABLE rows AS SELECT generate_series(1, {ROWS}) AS n;"
                        "CREATE INDEX ON rows (n); CREATE EXTENSION amcheck")

    def start(self):
        status, text = self.server.start()
        check(status == 0, f"the server does not start: {text}")

    # --- acting

    def words(self, *options, places=None, name="one"):
        words = [BASE, "-h", self.server.directory, "-U", "postgres", "-D", self.data, "-x", self.staging,
                 "-t", self.temporary, "-l", self.log, "-v", "-f", f"h-__FILETYPE__-{name}.tar__CEXT__"]
        for place in places or [f"zstd={self.sets}"]:
            words += ["-dl", place]
        return [*words, *options]

    def take(self, *options, places=None, name="one", prefix=(), wait=True, seconds=60, **how):
        """Runs pitr-base; `name` stands for the date in the names of the set."""
        self.log.unlink(missing_ok=True)
        words = [*prefix, *self.words(*options, places=places, name=name)]
        return self.t._run(words, wait, seconds, {"cwd": self.t.dir, **how})

    def take_slowly(self, *options, **how):
        """One that has begun to copy and goes on for many seconds."""
        run = self.take("--max-rate", "1M", *options, wait=False, **how)
        wait_until("the start of the backup", lambda: self.has_logged(") returned", run))
        return run

    def has_logged(self, text, run=None):
        if run and run.has_ended():
            check(False, f"it has ended already: {run.wait()}")
        return self.log.exists() and text in self.log.read_text(encoding="utf8")

    def refused(self, run, *words):
        """It failed, says why, and nothing of it is left."""
        run.gives(1).says(*words)
        check(not self.listed(), f"a set is listed: {self.files()}")
        self.nothing_left()

    def next_one_works(self, name="next"):
        self.take(name=name).gives(0)
        check(name in self.listed(), f"no meta file: {self.files()}")
        self.nothing_left()

    # --- looking

    def files(self):
        return sorted(path.name for path in self.sets.iterdir() if path.name != "lost+found")

    def listed(self):
        """The sets that have a meta file under its final name: these are backups."""
        return [name.split("-")[2].split(".")[0] for name in self.files()
                if "-meta-" in name and ".tmp." not in name and not name.endswith(".removing")]

    def nothing_left(self, standing=False):
        litter = [name for name in self.files() if ".tmp." in name]
        litter += [path.name for path in self.temporary.iterdir()]
        if not standing:
            litter += [path.name for path in self.staging.parent.glob(self.staging.name + "*")]
        check(not litter, f"litter: {litter}")
        if self.server.is_running():
            question = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pitr-base'"
            wait_until("the end of its session", lambda: self.server.sql(question) == "0", 15)

    def unpack(self, name="one", sets=None):
        """By plain tar, then PostgreSQL's own check; the directory of the copy."""
        copy = self.t.dir / f"copy-{name}"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for part in ("data", "xlog"):
            files = [path for path in (sets or self.sets).glob(f"h-{part}-{name}.tar*")
                     if ".tmp." not in path.name and path.suffix not in (".removing", ".pin", ".lease")]
            check(len(files) == 1, f"{len(files)} files are the {part} part of {name}")
            _call("tar", "-xf", files[0], "-C", copy)
        _call(BIN / "pg_verifybackup", "-q", copy / "data")
        return copy

    def restores(self, name="one", sets=None):
        """A server from the two tars alone has every row, and sound indexes."""
        copy = self.unpack(name, sets)
        server = Server(copy)
        server.configure(unix_socket_directories=copy, archive_mode="off")
        try:
            status, text = server.start()
            check(status == 0, f"the copy does not start: {text}")
            found = server.sql("SELECT count(*) || ' ' || sum(n) FROM rows")
            check(found == f"{ROWS} {ROWS * (ROWS + 1) // 2}", f"rows in the copy: {found}")
            server.sql("SELECT bt_index_check(oid, true) FROM pg_class "
                       "WHERE relam = 403 AND relkind = 'i' AND relpersistence = 'p'")
        finally:
            server.stop("immediate")
        return copy


def _call(*words):
    owner = {"user": sandbox.USER.pw_uid, "group": sandbox.USER.pw_gid} if sandbox.IS_ROOT else {}
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, preexec_fn=sandbox.drop_rights,
                          **owner)
    check(done.returncode == 0, f"{words[0]}: {done.stdout.strip()[-300:]}")


@contextlib.contextmanager
def small_disk(t, path, size):
    """A file system of that size at `path`; gone afterwards."""
    path.mkdir(exist_ok=True)
    sandbox.mount_memory(path, size)
    try:
        yield
    finally:
        sandbox.unmount(path)


def world_may_read(path):
    return path.lstat().st_mode & 0o007 if os.path.lexists(path) else 0
