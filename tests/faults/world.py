"""One case's surroundings: a data directory without a server, an archive, a state directory, and what may be
said about them afterwards."""

import os
import pathlib
import re
import shutil
import threading

import material as wal
import sandbox
from program import ARCHIVE, RESTORE, Run, environment
from registry import check

MARKER = "pitr-archive.id"
STORED = re.compile(r"([0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history)"
                    r"(\.gz|\.zst|\.lz4|\.bz2|\.xz|\.lzma)?")
MODES = ("recovery", "standby")
FAILURE = {"recovery": 200, "standby": 2, "other": 2}


class World:
    def __init__(self, directory, material, everything):
        self.dir, self.m, self.all = pathlib.Path(directory), material, everything
        self.data, self.dst, self.state = self.dir / "data", self.dir / "archive", self.dir / "state"
        self.dst2, self.pg_wal = self.dir / "archive2", self.data / "pg_wal"
        self.target = self.pg_wal / "RECOVERYXLOG"
        self.places, self.mounts, self.processes = [self.dst], [], []
        self.closing = []  # called at the end, the last first
        for path in (self.dst, self.dst2, self.state, self.pg_wal, self.data / "global"):
            path.mkdir(parents=True)
        self.use_cluster(material.small)
        self.data.chmod(0o700)

    def close(self):
        for run in self.processes:
            if run.status is None:
                run.signal(9)
        for function in reversed(self.closing):
            function()
        for target in reversed(self.mounts):
            sandbox.unmount(target)
        # By root, because a program that breaks its rule may have left something that is root's.
        with sandbox.as_root():
            for path, directories, _ in os.walk(self.dir):
                for name in directories:
                    directory = pathlib.Path(path, name)
                    if not directory.is_symlink():
                        directory.chmod(0o700)
            shutil.rmtree(self.dir, ignore_errors=True)

    # --- preparing

    def use_cluster(self, template):
        for name in ("PG_VERSION", "global/pg_control"):
            shutil.copyfile(template / name, self.data / name)

    def put(self, path, name=None, content=None):
        """A file in pg_wal, as the server leaves it."""
        placed = self.pg_wal / (name or path.name)
        if content is None:
            shutil.copyfile(path, placed)
        else:
            placed.write_bytes(content)
        return placed

    def segment(self, number=1):
        return self.put(self.m.segments[number])

    def another(self, path):
        """The same segment with other content: one byte in its middle, which no header tells."""
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        return self.put(path, content=bytes(data))

    def mark(self, place=None, system=None, size=wal.MEGABYTE):
        system = system or wal.system_identifier(self.data)
        marker = (place or self.dst) / MARKER
        marker.write_text(f"System-Identifier: {system}\nSegment-Size: {size}\n", encoding="ascii")

    def store(self, path, codec="none", name=None, place=None, content=None):
        """A file in the archive, put there by others."""
        content = wal.compress(codec, path.read_bytes() if content is None else content)
        stored = (place or self.dst) / ((name or path.name) + wal.SUFFIXES[codec])
        stored.write_bytes(content)
        return stored

    def mounted(self, kind, path, *arguments):
        kind(path, *arguments)
        self.mounts.append(path)

    def mode(self, mode):
        for name in MODES:
            (self.data / f"{name}.signal").unlink(missing_ok=True)
        if mode in MODES:
            (self.data / f"{mode}.signal").touch()

    def later(self, seconds, function):
        """Does it while a program runs; not at all when the case ends before."""
        def act():
            try:
                function()
            except OSError:
                pass  # the case has failed and is gone
        timer = threading.Timer(seconds, act)
        self.closing.append(timer.cancel)
        timer.start()

    # --- acting

    def archive(self, path, *options, places=None, state=True, prefix=(), wait=True, seconds=60, **how):
        words = [*prefix, ARCHIVE, "-D", self.data]
        for place in self.places if places is None else places:
            words += ["-dl", place]
        if state:
            words += ["-s", self.state]
        return self._run([*words, *options, path], wait, seconds, how)

    def restore(self, name, *options, mode="recovery", target=None, sources=None, prefix=(), wait=True,
                seconds=60,
                retry=0, **how):
        if mode != "keep":
            self.mode(mode)
        words = [*prefix, RESTORE, "-D", self.data]
        for source in sources or self.places:
            words += ["-s", source]
        words += ["--retry-time", retry, *options, name, target or self.target]
        return self._run(words, wait, seconds, how)

    def _run(self, words, wait, seconds, how):
        how = {"cwd": self.data, "env": environment(), **how}
        run = Run(words, **how)
        self.processes.append(run)
        return run.wait(seconds) if wait else run

    # --- looking at the archive

    def forms(self, name, place=None):
        wanted = {name + suffix for suffix in wal.SUFFIXES.values()}
        return sorted(path for path in (place or self.dst).iterdir() if path.name in wanted)

    def is_right(self, path, place=None):
        forms = self.forms(path.name, place)
        return len(forms) == 1 and wal.content(forms[0]) == path.read_bytes()

    def holds(self, path, *places):
        for place in places or self.places:
            forms = self.forms(path.name, place)
            check(len(forms) == 1, f"{len(forms)} forms of {path.name} in {place.name}")
            check(wal.content(forms[0]) == path.read_bytes(),
                  f"{forms[0].name} in {place.name} has other bytes")

    def has_not(self, name, place=None):
        check(not self.forms(name, place), f"{name} is in the archive: {self.forms(name, place)}")

    def right_or_absent(self, path, place=None):
        if self.forms(path.name, place):
            self.holds(path, place or self.dst)

    def litter(self, *places):
        found = [path.name for place in places or self.places for path in place.iterdir()
                 if not STORED.fullmatch(path.name) and path.name not in (MARKER, "lost+found")]
        found += [path.name for path in self.state.iterdir() if ".tmp." in path.name]
        return found

    def no_litter(self, *places):
        check(not self.litter(*places), f"litter: {self.litter(*places)}")

    def rerun(self, path, *options, **how):
        """The cause is gone: the next call of the archiver stores the file and leaves nothing else."""
        self.archive(path, *options, **how).ok()
        self.holds(path, *how.get("places", self.places))
        self.no_litter(*how.get("places", self.places))

    def fails_clean(self, path, *options, **how):
        run = self.archive(path, *options, **how).fails()
        self.has_not(path.name)
        self.no_litter()
        return run

    # --- looking at what recovery got

    def given(self, path, target=None):
        target = target or self.target
        check(target.exists(), f"{target.name} is not there")
        check(not target.is_symlink() and target.read_bytes() == path.read_bytes(),
              f"{target.name} has other bytes")
        self.nothing_else()

    def not_given(self, target=None):
        check(not os.path.lexists(target or self.target), "something was handed over")
        self.nothing_else()

    def nothing_else(self):
        names = {path.name for path in self.pg_wal.iterdir()} - {"RECOVERYXLOG", "RECOVERYHISTORY"}
        litter = [name for name in names if not STORED.fullmatch(name)]
        check(not litter, f"left in pg_wal: {litter}")

    def refuses(self, name, mode, *options, words=(), **how):
        """The failure that ends no recovery: 200 under recovery.signal, 2 for a standby."""
        self.restore(name, *options, mode=mode, **how).gives(FAILURE[mode]).says(*words)
        self.not_given()
