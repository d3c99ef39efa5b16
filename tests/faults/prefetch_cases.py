"""pitr-restore --prefetch-dir: what was fetched ahead is right or is not taken, whatever is done to the spool, its
worker, the sources and the disk; it is gone when recovery is."""

import os
import pathlib
import signal

import material as wal
import sandbox
import traces
from program import Run
from registry import case, check, each, wait_until
from world import MODES


class Prefetching:
    """Recovery of a server that runs: a process that works in the data directory. Calls go through one spool."""

    def __init__(self, t, mode="recovery", codec="zstd", ahead=3):
        self.t, self.mode, self.ahead = t, mode, ahead
        self.parent = t.dir / "spool"
        self.spool = self.parent / str(wal.system_identifier(t.data))
        self.pid_file = t.data / "postmaster.pid"
        for segment in t.m.segments:
            t.store(segment, codec)
        t.mark()
        self.start_server()
        t.closing.append(self.end)

    def start_server(self):
        self.server = Run(["sleep", "600"], cwd=self.t.data)
        self.pid_file.write_text(f"{self.server.process.pid}\n", encoding="ascii")

    def stop_server(self):
        self.pid_file.unlink(missing_ok=True)

    def end(self):
        self.stop_server()
        self.server.signal(signal.SIGKILL)
        self.server.process.wait()
        wait_until("the worker ends", lambda: not self.workers())

    def workers(self):
        """Those of this spool that live."""
        found = []
        for process in pathlib.Path("/proc").iterdir():
            try:
                if process.name.isdigit() and f"--prefetch-dir={self.parent}\0" in (process / "cmdline").read_text():
                    found.append(int(process.name))
            except OSError:
                pass  # it has ended meanwhile
        return found

    def held(self):
        try:
            return sorted(path.name[:24] for path in self.spool.iterdir() if len(path.name) == 33)
        except FileNotFoundError:
            return []

    def call(self, segment, *options, **how):
        self.t.target.unlink(missing_ok=True)
        how = {"mode": self.mode, **how}
        return self.t.restore(getattr(segment, "name", segment), "-v", "--prefetch-dir", self.parent, "--prefetch",
                              self.ahead, *options, **how)

    def gives(self, segment, *options, **how):
        run = self.call(segment, *options, **how).ok()
        self.t.given(segment)
        return run

    def hits(self, segment, *options, **how):
        return self.gives(segment, *options, **how).says(f"restored from {self.spool}")

    def misses(self, segment, *options, **how):
        return self.gives(segment, *options, **how).says(f"restored from {self.t.dst}")

    def holds(self, *segments):
        wanted = sorted(segment.name for segment in segments)
        wait_until(f"{wanted} are there, not {self.held()}", lambda: self.held() == wanted)

    def is_gone(self):
        wait_until("the worker ends", lambda: not self.workers())
        wait_until("the spool is gone", lambda: not self.parent.exists())

    def plant(self, segment, content=None, crc=None):
        """An entry as the worker leaves it, without a worker."""
        content = segment.read_bytes() if content is None else content
        for path in (self.parent, self.spool):
            path.mkdir(mode=0o700, exist_ok=True)
        crc = wal.crc32c(content) if crc is None else crc
        entry = self.spool / f"{segment.name}.{crc:08x}"
        entry.write_bytes(content)
        entry.chmod(0o600)
        return entry


@case("PF01", "the next segments are handed over from the spool, as many as may be; with dead sources, too")
def hits(t):
    s = t.m.segments
    p = Prefetching(t)
    p.misses(s[1])
    p.holds(*s[2:5])
    p.hits(s[2])
    p.holds(*s[3:6])
    check(len(p.workers()) == 1, f"workers: {p.workers()}")
    mode = next(p.spool.glob(s[3].name + ".*")).stat().st_mode & 0o777
    check(mode == 0o600 and p.spool.stat().st_mode & 0o777 == 0o700, f"others may read it: {mode:o}")
    away = t.dst.rename(t.dir / "away")
    for segment in s[3:6]:
        p.hits(segment)
    p.call(s[6]).gives(200)
    t.not_given()
    away.rename(t.dst)
    p.misses(s[6])
    p.stop_server()
    p.is_gone()


@case("PF02", "no worker: for a segment that is nowhere, a standby before two in a row, without a server, not asked "
              "for by recovery, with a delay")
def no_worker(t):
    s = t.m.segments
    p = Prefetching(t)
    p.call("0000000100000000000000F0").gives(1)
    check(not p.parent.exists(), "a spool after an absent segment")
    p.ahead = 0
    p.gives(s[1])
    p.ahead = 3
    p.gives(s[1], "-w", "1", "--no-wait")
    t.restore(s[1].name, "--prefetch-dir", p.parent, target=t.pg_wal / s[1].name).ok()
    (t.pg_wal / s[1].name).unlink()
    t.restore(t.m.history.name, "--prefetch-dir", p.parent, target=t.pg_wal / "RECOVERYHISTORY").gives(1)
    check(not p.parent.exists(), "a spool though prefetch is off")
    p.stop_server()
    p.misses(s[1])
    check(not p.workers(), "a worker without a server")
    p.pid_file.write_text(f"{p.server.process.pid}\n", encoding="ascii")
    p.mode = "standby"
    p.call("0000000100000000000000F0").gives(1)
    for _ in range(2):
        p.misses(s[1])
        check(not p.workers() and not p.held(), "a worker after one segment of a standby")
        p.call("0000000100000000000000F0").gives(1)
    check(not p.parent.exists(), "a spool that nobody needs")
    p.misses(s[1])
    p.misses(s[2])
    p.holds(*s[3:6])
    p.hits(s[3])


@each("an entry that {} is not handed over; it goes, and the archive's is given", D20a="is of another cluster",
      D20b="is another segment", D20c="is cut", D20d="holds zeros", D20e="has one wrong bit", D20f="is a link",
      D20g="fits its name and is of another cluster", D20h="fits its name and is another segment",
      D20i="fits its name and holds zeros")
def wrong_entry(t, what):
    s = t.m.segments
    p = Prefetching(t)
    p.stop_server()
    good = s[1].read_bytes()
    bad = {"of another cluster": wal.with_header(good, system=4711), "another segment": s[2].read_bytes(),
           "is cut": good[:4096], "zeros": bytes(len(good)),
           "wrong bit": good[:9999] + bytes([good[9999] ^ 1]) + good[10000:], "a link": good}
    content = next(bad[words] for words in bad if words in what)
    for mode in MODES:
        entry = p.plant(s[1], content, crc=None if what.startswith("fits") else wal.crc32c(good))
        if what == "is a link":
            entry.unlink()
            entry.symlink_to(s[1])
        p.misses(s[1], mode=mode)
        check(not os.path.lexists(entry), "it stays")
        # A source that is broken now makes it no better.
        p.plant(s[1], content, crc=wal.crc32c(good))
        away = t.dst.rename(t.dir / "away")
        if what != "is a link":
            p.call(s[1], mode=mode).gives({"recovery": 200, "standby": 2}[mode])
            t.not_given()
        away.rename(t.dst)


@each("a spool that {} is not used, and no hindrance", D20k="others may write into", D20l="is a link",
      D20m="is a file", D20n="is not to be made")
def no_spool(t, what):
    s = t.m.segments
    p = Prefetching(t)
    p.plant(s[1])
    if what.startswith("others"):
        p.spool.chmod(0o770)
    elif what == "is not to be made":
        p.parent.rename(t.dir / "aside")
        p.parent = t.dir / "missing" / "spool"
    else:
        p.spool.rename(t.dir / "aside")
        if what == "is a link":
            p.spool.symlink_to(t.dir / "aside")
        else:
            p.spool.write_text("a file", encoding="ascii")
    for mode in MODES:
        for _ in range(2):
            p.misses(s[1], mode=mode)
    check(not p.workers(), "a worker")


@case("D20o", "a spool on another file system than pg_wal: copied")
def other_file_system(t):
    s = t.m.segments
    p = Prefetching(t)
    p.parent.mkdir(mode=0o700)
    t.mounted(sandbox.mount_memory, p.parent, "64m")
    p.misses(s[1])
    p.holds(*s[2:5])
    p.hits(s[2])
    p.holds(*s[3:6])
    p.stop_server()
    wait_until("the spool is empty", lambda: not list(p.parent.iterdir()))


@case("PF03", "the disk of the spool is full: nothing is prefetched, the last space is left to the server")
def full(t):
    s = t.m.segments
    p = Prefetching(t)
    p.parent.mkdir(mode=0o700)
    t.mounted(sandbox.mount_memory, p.parent, "4m")
    for segment in s[1:4]:
        p.misses(segment)
        check(not p.held(), "it takes the last space")
    # It becomes full while segments are held.
    sandbox.grow_memory(p.parent, "16m")
    p.gives(s[4])  # from wherever: the worker may have seen the room first
    p.holds(*s[5:8])
    sandbox.grow_memory(p.parent, "4m")
    wait_until("the space is given back", lambda: not list(p.parent.iterdir()))
    p.misses(s[5])


def has_ended(run):
    return os.waitid(os.P_PID, run.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def has_struck(trace):
    return "INJECTED" in trace.read_text(errors="replace") if trace.exists() else False


def worker_points(t, p, trace):
    """Where a fault can strike the worker and not the call that starts it, which comes first with small numbers."""
    run = p.call(t.m.segments[1], prefix=traces.recording(trace, traces.CHANGING), wait=False)
    wait_until("it is full", lambda: len(p.held()) == p.ahead, 60)
    p.stop_server()
    run.wait(60).ok()
    lines = traces.read(trace)
    caller = lines[0][0]
    of_caller = [call for process, call, _ in lines if process == caller]
    return [point for point in traces.points(trace) if point.number > of_caller.count(point.call)]


@each("{} at every changing system call of the worker: every call after it is right, nothing is left",
      D20p="signal=KILL", D20q="error=ENOSPC", D20r="error=EIO")
def struck(t, fault):
    s = t.m.segments
    p = Prefetching(t, ahead=6)
    trace = t.dir / "trace"
    found = worker_points(t, p, trace)
    calls = {point.call for point in found}
    check({"renameat", "write", "unlinkat"} <= calls, f"only {calls} were found")
    for point in traces.sample(found, 10, t.all):
        p.pid_file.write_text(f"{p.server.process.pid}\n", encoding="ascii")
        run = p.call(s[1], prefix=traces.strike(trace, point, fault), wait=False)
        wait_until(f"{point}: it is full, struck or ended", lambda: len(p.held()) == p.ahead or has_ended(run) or
              has_struck(trace), 60)
        p.stop_server()
        run.wait(60)
        wait_until("the worker ends", lambda: not p.workers())
        p.pid_file.write_text(f"{p.server.process.pid}\n", encoding="ascii")
        for segment in s[1:7]:
            p.gives(segment)
        # Recovery ends, and with it what a killed worker has left.
        p.stop_server()
        wait_until("the worker ends", lambda: not p.workers())
        p.call("00000001.history", mode="other", target=t.pg_wal / "RECOVERYHISTORY").gives(1)
        p.is_gone()


@case("PF04", "the worker is killed: the next call starts another one; the last history takes away what it left")
def killed_worker(t):
    s = t.m.segments
    p = Prefetching(t)
    p.misses(s[1])
    p.holds(*s[2:5])
    with sandbox.as_root():
        os.kill(p.workers()[0], signal.SIGKILL)
    wait_until("it is dead", lambda: not p.workers())
    p.hits(s[2])
    p.holds(*s[3:6])
    with sandbox.as_root():
        os.kill(p.workers()[0], signal.SIGKILL)
    wait_until("it is dead", lambda: not p.workers())
    check(p.held(), "a killed worker cleans up")
    p.call("00000001.history", mode="other", target=t.pg_wal / "RECOVERYHISTORY").gives(1)
    p.is_gone()


@each("the worker ends and the spool goes when {}", PF05="the server is gone", PF05b="the server was killed",
      PF05c="recovery has ended", PF05d="the data directory is gone", PF05e="it is told to by SIGTERM")
def ends(t, what):
    s = t.m.segments
    p = Prefetching(t)
    p.misses(s[1])
    p.holds(*s[2:5])
    if what == "the server is gone":
        p.stop_server()
    elif what == "the server was killed":
        p.server.signal(signal.SIGKILL)
        p.server.process.wait()
    elif what == "recovery has ended":
        t.mode("other")
    elif what == "the data directory is gone":
        t.data.rename(t.dir / "old-data")
        (t.dir / "old-data" / "postmaster.pid").unlink()
    else:
        with sandbox.as_root():
            os.kill(p.workers()[0], signal.SIGTERM)
    p.is_gone()


@case("PF06", "four calls at once: all right, one worker")
def at_once(t):
    s = t.m.segments
    p = Prefetching(t)
    for segment in s[1:5]:
        runs = [p.call(segment, wait=False) for _ in range(4)]
        for run in runs:
            run.wait().ok()
        t.given(segment)
        check(len(p.workers()) <= 1, f"workers: {p.workers()}")


@case("PF07", "the timeline switches in the middle: the old one's segments go, the new one's are right")
def timeline_switch(t):
    s = t.m.segments
    p = Prefetching(t)
    t.store(t.m.child)
    t.store(t.m.history)
    p.misses(s[1])
    p.holds(*s[2:5])
    t.restore(t.m.history.name, "--prefetch-dir", p.parent, target=t.pg_wal / "RECOVERYHISTORY").ok()
    (t.pg_wal / "RECOVERYHISTORY").unlink()
    p.misses(t.m.child)
    p.holds()
    p.misses(s[2])
    p.holds(*s[3:6])


@case("PF08", "a hole: what lies behind it in the spool changes no answer; nor does --finish-trigger NOW a hit")
def answers(t):
    s = t.m.segments
    p = Prefetching(t)
    p.stop_server()
    t.forms(s[2].name)[0].unlink()
    p.plant(s[3])
    p.call(s[2]).gives(200).says("--gap end")
    p.call(s[2], "--gap", "end").gives(1)
    trigger = t.dir / "trigger"
    trigger.write_text("NOW\n", encoding="ascii")
    p.plant(s[3])
    p.call(s[3], "--finish-trigger", trigger).gives(1)
    t.not_given()


@case("D21b", "two sources, the first broken: said with every segment, nothing of it comes from the spool")
def broken_first_source(t):
    s = t.m.segments
    p = Prefetching(t)
    for segment in s[1:5]:
        run = p.gives(segment, sources=[t.dir / "missing", t.dst]).says("missing", f"restored from {t.dst}")
    check(p.workers() and not p.held(), f"taken without a word: {run}")
