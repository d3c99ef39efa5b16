"""pitr-archive looks ahead: it archives files that wait in the same call. What is stored is always a prefix of the
server's order, and only what is stored is marked as done."""

import os
import re
import signal
import subprocess
import time

import material as wal
import sandbox
import traces
from archive_kill_cases import empty
from archive_power_cases import PowerCut
from registry import Failure, case, check, each, wait_until
from staging_cases import live_staging
from world import STORED


class Backlog:
    """Files of two timelines in pg_wal, all waiting: a history, a .backup and a .partial are among them."""

    def __init__(self, t, names=None, places=None, codec="none"):
        self.t, self.status = t, t.pg_wal / "archive_status"
        self.places, self.codec = places or [t.dst], codec
        self.status.mkdir(exist_ok=True)
        names = names or [path.name for path in t.m.small.iterdir() if STORED.fullmatch(path.name)]
        # As pgarch.c has it: history files first, then by name.
        # Only the server looks ahead. To the program this process is the server.
        (t.data / "postmaster.pid").write_text(f"{os.getpid()}\n{t.data}\n", encoding="ascii")
        self.names = sorted(names, key=lambda name: (not name.endswith(".history"), name))
        check(len(self.names) > 3, f"too few files: {self.names}")
        self.begin()

    def begin(self):
        empty(self.t.pg_wal / "archive_status", self.t.state, *self.places)
        for name in self.names:
            self.t.put(self.t.m.small / name)
            (self.status / f"{name}.ready").touch()
        for place in self.places:
            self.t.mark(place)

    def call(self, *options, name=None, **how):
        places = [f"{self.codec}={place}" for place in self.places]
        return self.t.archive(self.t.pg_wal / (name or self.names[0]), *options, places=places, **how)

    def serve(self):
        """What the server does until nothing waits."""
        for _ in self.names:
            waiting = [name for name in self.names if (self.status / f"{name}.ready").exists()]
            if not waiting:
                break
            self.call(name=waiting[0]).ok()
            self.mark(waiting[0])
        self.stored(len(self.names))
        self.t.no_litter(*self.places)

    def mark(self, name):
        (self.status / f"{name}.ready").rename(self.status / f"{name}.done")

    # --- looking

    def count(self, place):
        """How many are stored there: a prefix, and right."""
        here = [bool(self.t.forms(name, place)) for name in self.names]
        check(here == sorted(here, reverse=True), f"a hole in {place.name}: {list(zip(self.names, here))}")
        for name, is_here in zip(self.names, here):
            if is_here:
                self.t.holds(self.t.pg_wal / name, place)
        return sum(here)

    def stored(self, wanted):
        for place in self.places:
            check(self.count(place) == wanted, f"{self.count(place)} files in {place.name}, wanted {wanted}")

    def sound(self, said="", asked=0):
        """Prefixes, true marks, and none of ours on the file that was asked for."""
        least = min(self.count(place) for place in self.places)
        for number, name in enumerate(self.names):
            marks = [kind for kind in ("ready", "done") if (self.status / f"{name}.{kind}").exists()]
            check(len(marks) == 1, f"{name} is marked {marks} {said}")
            check(marks == ["ready"] or number < least, f"{name} is marked as done, and is not stored {said}")
            check(marks == ["ready"] or number != asked, f"{name} was marked by us {said}")
        check(len(list(self.status.iterdir())) == len(self.names), f"strange marks {said}")
        return least


@case("BL01", "one call archives all that wait, in the server's order, and marks all but its own and the last")
def whole_backlog(t):
    for codec in ("none", "zstd", "lzma"):
        backlog, trace = Backlog(t, codec=codec), t.dir / "trace"
        kinds = {name.partition(".")[2][-7:] for name in backlog.names}
        check(kinds >= {"", "history", "partial", ".backup"[-7:]}, f"kinds {kinds}")
        backlog.call(prefix=traces.recording(trace, "linkat rename")).ok()
        backlog.stored(len(backlog.names))
        backlog.sound()
        marks = sorted(path.name for path in backlog.status.glob("*.ready"))
        check(marks == sorted(f"{backlog.names[i]}.ready" for i in (0, -1)), f"still waiting: {marks}")
        calls = [(call, re.findall(r'"([^"]*)"', rest)[-1]) for _, call, rest in traces.read(trace)]
        wanted = [("linkat", backlog.names[0] + wal.SUFFIXES[codec])]
        for name in backlog.names[1:]:
            wanted += [("linkat", name + wal.SUFFIXES[codec]), ("rename", str(backlog.status / f"{name}.done"))]
        wanted.pop()
        check(calls == wanted, f"the order is {calls}")
        t.no_litter()


def sweep(t, backlog, fault, calls, size):
    trace = t.dir / "trace"
    backlog.begin()
    backlog.call(prefix=traces.recording(trace, calls)).ok()
    found = traces.points(trace)
    check(len(found) >= 10, f"only {len(found)} points in the trace")
    least = []
    for point in traces.sample(found, size, t.all):
        backlog.begin()
        run = backlog.call(prefix=traces.strike(trace, point, fault))
        least.append(backlog.sound(f"after {fault} at {point}: {run}"))
        yield point, run
        try:
            backlog.serve()
        except Failure as failure:
            raise Failure(f"after {fault} at {point} ({run}): {failure}") from failure
    check(len(set(least)) > 2, f"the faults struck at few places: {least}")


@case("BL02", "kill -9 at every changing call of a batch: a prefix, true marks; the next calls store the rest")
def killed(t):
    for places, codec in (([t.dst], "none"), ([t.dst, t.dst2], "zstd")):
        backlog = Backlog(t, places=places, codec=codec)
        # Threads share the work as it comes: the call that is waited for is another one's, now and then.
        runs = [run.gives(0, 137) for _, run in sweep(t, backlog, "signal=KILL", traces.CHANGING, 14)]
        check(sum(run.status == 137 for run in runs) > 7, f"killed too seldom: {runs}")


@each("{} at every writing call of a batch: 0 only with %p stored, a prefix, the next calls store the rest",
      BL03="ENOSPC", BL03b="EIO")
def failing(t, error):
    backlog = Backlog(t, places=[t.dst, t.dst2], codec="lz4")
    for point, run in sweep(t, backlog, f"error={error}", traces.WRITING + " fsync rename", 14):
        run.gives(0, 1)
        check(run.status == 1 or backlog.sound() > 0, f"{point}: 0 without its file: {run}")
        if point.call not in ("unlinkat", "rename"):
            t.no_litter(t.dst, t.dst2)


@each("{} in the middle of a batch: gone in 2 s, 0 when its own file is stored, a prefix, no litter",
      BL04a="SIGTERM", BL04b="SIGINT", BL04c="SIGHUP")
def signalled(t, name):
    backlog = Backlog(t, codec="xz:9")
    for wanted in (2, 4):
        backlog.begin()
        run = backlog.call(wait=False)
        wait_until(f"{wanted} files are stored", lambda: sum(bool(t.forms(name)) for name in backlog.names) >= wanted)
        run.signal(getattr(signal, name))
        sent = time.monotonic()
        # The second file has a name, so the first one is durable everywhere.
        run.wait(20).ok()
        check(time.monotonic() - sent < 2, f"it took {time.monotonic() - sent:.1f} s to end")
        check(wanted <= backlog.sound() < len(backlog.names), f"the signal came too late: {run}")
        t.no_litter()
    backlog.serve()


@case("BL05", "the disk fills in the middle: 0, what fits is stored, the next file has its own failure")
def full(t):
    t.mounted(sandbox.mount_memory, t.dst, "3500k")
    backlog = Backlog(t)
    run = backlog.call().ok().says("looking ahead", "no space left")
    stored = backlog.sound()
    check(2 < stored < len(backlog.names), f"{stored} files stored")
    check(run.text.count("no space left") == 1, f"said more than once: {run}")
    t.no_litter()
    backlog.mark(backlog.names[0])
    sandbox.shrink_memory(t.dst)  # what was written side by side took more than one file does alone
    backlog.call(name=backlog.names[stored]).fails().says("no space left")
    backlog.stored(stored)
    sandbox.grow_memory(t.dst, "64m")
    backlog.serve()


@case("BL06", "a damaged segment in the middle: those before it are stored, those behind it wait; its own call fails")
def damaged(t):
    backlog = Backlog(t)
    bad = 5
    name = backlog.names[bad]
    content = (t.pg_wal / name).read_bytes()
    t.put(t.pg_wal / name, content=bytes(100) + content[100:])
    backlog.call().ok().says("looking ahead", name)
    check(backlog.sound() == bad, f"{backlog.sound()} files stored")
    backlog.call(name=name).fails().says(name)
    check(backlog.count(t.dst) == bad, "its own failing call stored something")
    t.no_litter()
    t.put(t.pg_wal / name, content=content)
    backlog.serve()


@case("BL07", "one of two destinations refuses a file in the middle: nothing later is published anywhere")
def one_refuses(t):
    backlog = Backlog(t, places=[t.dst, t.dst2])
    bad = 4
    other = (t.dst2 / backlog.names[bad])
    other.write_bytes(b"other")
    backlog.call().ok().says(other)
    other.unlink()
    check(backlog.count(t.dst2) == bad and backlog.count(t.dst) <= bad + 1, f"stored behind a failure {backlog.names}")
    backlog.sound()
    backlog.serve()


@case("BL08", "archivers at once, one of them begun in the middle: all is stored once, right, no litter")
def racing(t):
    for codec in ("none", "zstd"):
        backlog = Backlog(t, codec=codec)
        for middle in (0, len(backlog.names) // 2):
            backlog.begin()
            runs = [backlog.call(name=backlog.names[i], wait=False) for i in (0, middle, 0)]
            for run in runs:
                run.wait().gives(0, 1)
            for name in backlog.names[1:-1]:
                if middle == 0:
                    check((backlog.status / f"{name}.done").exists(), f"{name} still waits: {runs[0]}")
            for name in backlog.names:
                t.right_or_absent(t.pg_wal / name)
                done = (backlog.status / f"{name}.done").exists()
                check(not done or t.forms(name), f"{name} is done and not stored")
            backlog.serve()


@each("a mark that vanishes {}: that file is left alone, no mark is made, the rest is archived",
      BL09="before its file is begun", BL09b="while its file waits to be published")
def vanishing(t, when):
    backlog = Backlog(t)
    slow = ["strace", "-f", "-qq", "-o", t.dir / "trace", "-e", "trace=linkat",
            "-e", "inject=linkat:delay_enter=400000"]
    gone = backlog.names[8 if when.startswith("before") else 2]
    size = (t.pg_wal / gone).stat().st_size
    written = t.dst / f"{gone}.tmp.0"

    def is_time():
        if when.startswith("before"):
            return bool(t.forms(backlog.names[0]))
        return written.exists() and written.stat().st_size == size

    run = backlog.call(prefix=slow, wait=False)
    wait_until("it is time", is_time)
    (backlog.status / f"{gone}.ready").unlink()
    check(not t.forms(gone), "the mark went too late")
    run.wait().ok()
    t.has_not(gone)
    check(not (backlog.status / f"{gone}.done").exists(), "a mark out of nothing")
    for name in backlog.names:
        if name != gone:
            t.holds(t.pg_wal / name)
    t.no_litter()


@case("BL10", "--batch-size: 0 looks nowhere, 3 takes three; without a backlog archive_status is not read")
def batch_size(t):
    backlog, trace = Backlog(t), t.dir / "trace"
    backlog.call("--batch-size", 0, prefix=traces.recording(trace, "openat")).ok()
    check("archive_status" not in trace.read_text(), "it looked into archive_status")
    check(backlog.sound() == 1, "it looked ahead")
    backlog.begin()
    backlog.call("--batch-size", 3).ok()
    check(backlog.sound() == 4, f"{backlog.sound()} files stored")
    segments = [path.name for path in t.m.segments]
    last = Backlog(t, names=segments)
    for name in segments[:-1]:
        last.mark(name)
    last.call(name=segments[-1], prefix=traces.recording(trace, "openat")).ok()
    check("archive_status" not in trace.read_text(), "it read archive_status without a backlog")
    t.holds(t.pg_wal / segments[-1])


@case("BL11", "a file that the server did not ask for, of another directory, a call by hand: no looking ahead")
def not_the_servers(t):
    backlog = Backlog(t)
    backlog.mark(backlog.names[0])
    backlog.call().ok()
    backlog.stored(1)
    backlog.begin()
    elsewhere = t.dir / "elsewhere"
    elsewhere.mkdir()
    path = elsewhere / backlog.names[0]
    path.write_bytes((t.pg_wal / backlog.names[0]).read_bytes())
    backlog.t.archive(path, places=backlog.places).ok()
    backlog.stored(1)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            for text in (f"{stranger.pid}\n", "", "x\n", "-1\n", "0\n"):
                (t.data / "postmaster.pid").write_text(text, encoding="ascii")
                backlog.begin()
                backlog.call().ok()
                backlog.stored(1)
        finally:
            stranger.kill()
    (t.data / "postmaster.pid").unlink()
    backlog.begin()
    backlog.call().ok()
    backlog.stored(1)


@case("BL12", "what the server passes over is passed over; a name that would stop it stops the batch")
def strange_marks(t):
    segments = [path.name for path in t.m.segments]
    backlog = Backlog(t, names=segments)
    strange = ["x.ready", "0000.ready", f"{segments[1]}.old.ready", f"{segments[2]}.ready.tmp", "A" * 41 + ".ready"]
    for name in strange:
        (backlog.status / name).touch()
    backlog.call().ok()
    backlog.stored(len(segments))
    backlog.begin()
    (backlog.status / f"{segments[3]}.a.ready").touch()
    backlog.call().ok()
    backlog.stored(4)
    # The mark of a file that is gone: the server removes it. What is behind it is the server's next call.
    backlog.begin()
    (t.pg_wal / segments[4]).rename(t.dir / "away")
    backlog.call().ok().says(segments[4])
    check(len(t.forms(segments[3])) == 1 and not t.forms(segments[5]), "not ended at the missing file")


@case("BL13", "nothing is begun after 10 s: a shutdown is not held up")
def slow_disk(t):
    backlog = Backlog(t)
    slow = ["strace", "-f", "-qq", "-o", t.dir / "trace", "-e", "trace=linkat",
            "-e", "inject=linkat:delay_enter=3500000"]
    backlog.call(prefix=slow).ok().within(22)
    check(2 < backlog.sound() < len(backlog.names) - 1, f"{backlog.sound()} files stored")
    t.no_litter()
    backlog.serve()


@case("BL14", "a backup runs: every file of the batch is in staging, too; a full staging fails nothing")
def with_staging(t):
    backlog = Backlog(t)
    place, lock = live_staging(t)
    backlog.call("-db", place).ok()
    backlog.sound()
    for name in backlog.names:
        t.holds(t.pg_wal / name, t.dst, place)
    lock.close()
    backlog.begin()
    place, lock = live_staging(t, "small", "2500k")
    backlog.call("-db", place).ok().says("staging")
    backlog.stored(len(backlog.names))
    check(not (place / "complete").exists(), "the backup is not told")
    lock.close()


@case("BL15", "a power cut right after exit 0: all that is marked as done is complete")
def power_cut(t):
    disk = PowerCut(t)
    place = disk.place / "archive"
    backlog = Backlog(t, places=[place], codec="zstd")
    backlog.call().ok()
    disk.cut()
    backlog.stored(len(backlog.names))
    backlog.sound()
    disk.end()
