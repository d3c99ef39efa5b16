"""pitr-restore: every system call that can fail does, kill -9 at any instant, signals, a full disk."""

import signal
import time

import material as wal
import sandbox
import traces
from program import environment
from registry import case, check, each
from world import FAILURE, MODES


@case("R34", "the file system of pg_wal is full: the part of a file is removed")
def full(t):
    t.store(t.m.segments[1], "zstd")
    t.mounted(sandbox.mount_memory, t.pg_wal, "256k")
    for mode in MODES:
        t.refuses(t.m.segments[1].name, mode, words=["o space left"])
        check(not list(t.pg_wal.iterdir()), "something is left")
    sandbox.grow_memory(t.pg_wal, "4m")
    t.restore(t.m.segments[1].name).ok()
    t.given(t.m.segments[1])


@each("{} from an LD_PRELOAD: goes on, 0, right", R45="short", R45b="eintr")
def interrupted(t, fault):
    for codec in ("none", "zstd", "bzip2"):
        count = t.dir / f"count-{codec}"
        stored = t.store(t.m.segments[1], codec)
        env = environment(LD_PRELOAD=t.m.shim, FAULT=fault, FAULT_COUNT=count)
        for mode in MODES:
            t.restore(t.m.segments[1].name, mode=mode, env=env).ok()
            t.given(t.m.segments[1])
            t.target.unlink()
        stored.unlink()
        check(int(count.read_text()) > 0, "the fault never struck")


def sweep(t, fault, calls, size):
    """Restores once for each point of a good run, with the fault there, in both modes."""
    source, trace = t.m.segments[1], t.dir / "trace"
    t.store(source, "zstd")
    for mode in MODES:
        t.restore(source.name, mode=mode, prefix=traces.recording(trace, calls)).ok()
        found = traces.points(trace)
        check(len(found) >= 3, f"only {len(found)} points in the trace")
        struck = 0
        for point in traces.sample(found, size, t.all):
            t.target.unlink(missing_ok=True)
            run = t.restore(source.name, mode=mode, prefix=traces.strike(trace, point, fault))
            struck += run.status != 0
            yield point, mode, run, source
        check(struck, "no fault struck")


def then_again(t, source, mode):
    t.restore(source.name, mode=mode).ok()
    t.given(source)


@case("R50",
      "kill -9 at every changing system call: never 0 with wrong bytes; the re-run restores, no litter")
def killed(t):
    for point, mode, run, source in sweep(t, "signal=KILL", traces.CHANGING, 14):
        # In a standby the look is a process of its own: killed alone, it is one more reason to ask again.
        check(run.status in (137, 2) if mode == "standby" else run.status == 137, f"{point}: {run}")
        if t.target.exists():
            check(t.target.read_bytes() == source.read_bytes(), f"{point}: other bytes at %p")
        then_again(t, source, mode)


@each("{} at every writing call: 200 or 2, or right; nothing left; the re-run restores", R51="ENOSPC",
      R51b="EIO")
def failing_write(t, error):
    for point, mode, run, source in sweep(t, f"error={error}", traces.WRITING, 14):
        check(run.status in (0, FAILURE[mode]), f"{point}, {mode}: {run}")
        if run.status == 0:
            t.given(source)
        else:
            t.not_given()
        then_again(t, source, mode)


@case("R52", "reading the archive fails with EIO, ESTALE, ETIMEDOUT: never 1, nothing at %p")
def failing_read(t):
    t.mark()
    source, trace = t.m.segments[1], t.dir / "trace"
    for codec in ("none", "zstd"):
        stored = t.store(source, codec)
        for mode in MODES:
            for call, when in (("read", "1"), ("read", "2+"), ("openat", "1+")):
                for error in ("EIO", "ESTALE", "ETIMEDOUT"):
                    t.refuses(source.name, mode,
                              prefix=traces.strike_file(trace, stored, call, f"error={error}", when))
        stored.unlink()


@case("R52b", "listing or opening the archive fails: a missing segment is not proven absent")
def failing_list(t):
    t.store(t.m.segments[0])
    trace = t.dir / "trace"
    for call, error, modes in (("openat", "EIO", MODES), ("openat", "ESTALE", MODES),
                               ("getdents64", "EIO", MODES)):
        for mode in modes:
            run = t.restore(t.m.segments[4].name, mode=mode,
                            prefix=traces.strike_file(trace, t.dst, call, f"error={error}"))
            run.gives(FAILURE[mode])


@case("R53", "the stored file ends early while it is read: never 0, nothing at %p")
def early_end(t):
    source, trace = t.m.segments[1], t.dir / "trace"
    for codec in wal.SUFFIXES:
        stored = t.store(source, codec)
        for mode in MODES:
            t.refuses(source.name, mode, prefix=traces.strike_file(trace, stored, "read", "retval=0", "1+"))
            if codec == "none":
                t.refuses(source.name, mode,
                          prefix=traces.strike_file(trace, stored, "read", "retval=0", "3+"))
        stored.unlink()


@each("SIG{} in the middle of a restore: dies by it at once, nothing left", R54="TERM", R54b="INT",
      R54c="HUP")
def signalled(t, name):
    number = getattr(signal, "SIG" + name)
    t.use_cluster(t.m.large)
    t.store(t.m.large_segment, "bzip2")
    for mode in MODES:
        took = t.restore(t.m.large_segment.name, mode=mode).ok().seconds
        t.target.unlink()
        for part in (0.2, 0.5, 0.8):
            run = t.restore(t.m.large_segment.name, mode=mode, wait=False)
            time.sleep(took * part)
            sent = time.monotonic()
            run.signal(number)
            run.wait(10).gives(0, 128 + number)
            check(time.monotonic() - sent < 2, "it took its time to end")
            if run.status == 0:
                t.given(t.m.large_segment)
                t.target.unlink()
            else:
                check(run.killed_by == number, f"an exit status instead of a death: {run}")
                t.not_given()


@case("R54d", "SIGTERM while it retries or waits: dies by it at once")
def signalled_while_waiting(t):
    t.mark()
    for how in ({"sources": [t.dir / "missing"], "retry": 60}, {"options": ["--wait"]}):
        options = how.pop("options", [])
        run = t.restore(t.m.segments[1].name, *options, wait=False, **how)
        run.until_it_waits(signal.SIGTERM)
        sent = time.monotonic()
        run.signal(signal.SIGTERM)
        run.wait(10).gives(143)
        check(run.killed_by == signal.SIGTERM and time.monotonic() - sent < 2, f"{run}")
        t.not_given()
