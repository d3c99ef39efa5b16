"""pitr-archive: kill -9 at any instant, signals, and the order of its system calls."""

import signal
import time

import material as wal
import traces
from registry import case, check, each


def empty(*places):
    for place in places:
        for path in place.iterdir():
            path.unlink()


def sweep(t, fault, calls, options=(), places=None, path=None, marked=True, size=14):
    """Archives once for each point of a good run, the fault there. Yields (point, run, archived path)."""
    path, trace, places = path or t.segment(), t.dir / "trace", places or [t.dst]
    plain = [t.dst] if len(places) == 1 else [t.dst, t.dst2]

    def begin():
        empty(*plain, t.state)
        for place in plain if marked else ():
            t.mark(place)

    begin()
    how = {"places": places, "state": not marked}
    t.archive(path, *options, prefix=traces.recording(trace, calls), **how).ok()
    found = traces.points(trace)
    check(len(found) >= 3, f"only {len(found)} points in the trace")
    tried = struck = 0
    for point in traces.sample(found, size, t.all):
        begin()
        tried += 1
        run = t.archive(path, *options, prefix=traces.strike(trace, point, fault), **how)
        struck += run.status != 0
        yield point, run, path
    # A few calls may fail without harm: those that only make something faster or tidier.
    check(struck * 2 > tried, f"only {struck} of {tried} faults struck")


def archivings(t):
    """The ways to archive that differ in their system calls."""
    yield {"marked": False}
    yield {"places": [f"zstd={t.dst}", f"gzip={t.dst2}"]}
    if t.all:
        t.use_cluster(t.m.large)
        yield {"path": t.put(t.m.large_segment), "marked": False, "places": [f"zstd={t.dst}"]}


@case("A41", "kill -9 at every changing system call: the name is absent or right, never 0")
def killed(t):
    for how in archivings(t):
        for point, run, path in sweep(t, "signal=KILL", traces.CHANGING, **how):
            check(run.status == 137, f"{point}: wanted death by SIGKILL: {run}")
            for place in (t.dst, t.dst2):
                t.right_or_absent(path, place)


def killed_and_again(t):
    for how in archivings(t):
        places = how.get("places", [t.dst])
        for point, _, path in sweep(t, "signal=KILL", traces.CHANGING, **how):
            run = t.archive(path, places=places)
            yield point, run, path, [t.dst, t.dst2][:len(places)]


@case("A42", "... and the next run succeeds")
def killed_then_again(t):
    for point, run, path, places in killed_and_again(t):
        check(run.status == 0, f"after a kill at {point}: {run}")
        t.holds(path, *places)


@case("A43", "... and leaves no litter")
def killed_then_no_litter(t):
    for point, run, _, places in killed_and_again(t):
        found = t.litter(*places)
        check(run.status == 0 and not found, f"after a kill at {point}: {found}; {run}")


def slow_places(t):
    return [f"zstd:12={t.dst}"]


@case("A44", "kill -9 of the whole group at 12 times: absent or right")
def killed_by_time(t):
    t.use_cluster(t.m.large)
    path = t.put(t.m.large_segment)
    took = t.archive(path, places=slow_places(t)).ok().seconds
    for i in range(12):
        empty(t.dst, t.state)
        run = t.archive(path, places=slow_places(t), wait=False)
        time.sleep(took * i / 11)
        run.signal(signal.SIGKILL)
        check(run.wait().status in (0, 137), f"{run}")
        t.right_or_absent(path)
        if run.status == 0:
            t.holds(path)


@case("A45", "... and the next run succeeds without litter")
def killed_by_time_again(t):
    t.use_cluster(t.m.large)
    path = t.put(t.m.large_segment)
    took = t.archive(path).ok().seconds
    for i in range(12):
        empty(t.dst, t.state)
        run = t.archive(path, wait=False)
        time.sleep(took * i / 11)
        run.signal(signal.SIGKILL)
        run.wait()
        t.rerun(path)


@each("{} at 5 times: gone in a second, exit 1 or 0 with the file, nothing left",
      A46a="SIGTERM", A46b="SIGINT", A46c="SIGHUP")
def signalled(t, name):
    t.use_cluster(t.m.large)
    path = t.put(t.m.large_segment)
    t.mark(size=16 * wal.MEGABYTE)
    took = t.archive(path, places=slow_places(t)).ok().seconds
    interrupted = 0
    for part in (0.1, 0.3, 0.5, 0.7, 0.9):
        empty(t.dst)
        t.mark(size=16 * wal.MEGABYTE)
        run = t.archive(path, places=slow_places(t), wait=False)
        run.until_it_catches(getattr(signal, name))
        time.sleep(took * part)
        sent = time.monotonic()
        run.signal(getattr(signal, name))
        run.wait(10).gives(0, 1)
        check(time.monotonic() - sent < 2, f"it took {time.monotonic() - sent:.1f} s to end")
        interrupted += run.status
        if run.status == 1:
            run.says(name)
        t.right_or_absent(path)
        t.no_litter()
    check(interrupted, "every signal came too late")


# --- the order of what is done

def ordered(t, codec="none"):
    """The calls of one archiving, as (call, rest)."""
    path, trace = t.segment(), t.dir / "trace"
    t.mark()
    calls = "openat link linkat rename renameat renameat2 fsync fdatasync write close unlinkat"
    t.archive(path, places=[f"{codec}={t.dst}"], state=False, prefix=traces.recording(trace, calls)).ok()
    lines = [(call, rest) for _, call, rest in traces.read(trace) if " = -1" not in rest]
    name = path.name + wal.SUFFIXES[codec]
    publishing = [i for i, (call, rest) in enumerate(lines)
                  if call in ("link", "linkat", "rename", "renameat", "renameat2") and f'{name}"' in rest]
    return lines, name, publishing


def descriptor(rest):
    return rest.rsplit("= ", 1)[1].strip()


@case("A57", "the final name appears by link or rename only")
def published(t):
    for codec in ("none", "zstd"):
        lines, name, publishing = ordered(t, codec)
        check(len(publishing) == 1, f"{len(publishing)} links or renames to {name}")
        created = [rest for call, rest in lines if call == "openat" and f'{name}"' in rest
                   and "O_CREAT" in rest]
        check(not created, f"created under its final name: {created}")
        empty(t.dst)


@case("A58", "the file is synced before it gets its name")
def synced_before(t):
    lines, name, publishing = ordered(t)
    opened = next(rest for call, rest in lines if call == "openat" and "O_CREAT" in rest and name in rest)
    wanted = descriptor(opened)
    synced = [i for i, (call, rest) in enumerate(lines) if call in ("fsync", "fdatasync")
              and rest.startswith(wanted + ")")]
    written = [i for i, (call, rest) in enumerate(lines) if call == "write" and rest.startswith(wanted + ",")]
    check(synced and written and max(written) < synced[0] < publishing[0],
          "no fsync between the last write and the link")


@case("A59", "the directory is synced after it; a new state directory into its parent, too")
def directory_synced(t):
    lines, _, publishing = ordered(t)
    directories = set()
    for call, rest in lines:
        # By its path, or once more by a descriptor of it.
        again = any(rest.startswith(f'{known}, "."') for known in directories)
        if call == "openat" and (f'"{t.dst}"' in rest or again):
            directories.add(descriptor(rest))
    after = [rest for call, rest in lines[publishing[-1]:] if call == "fsync"
             and rest.split(")")[0] in directories]
    check(after, "no fsync of the directory behind the link")
    empty(t.dst)
    trace, state = t.dir / "trace", t.dir / "a" / "b"
    t.archive(t.segment(2), "-s", state, state=False,
              prefix=traces.recording(trace, "openat mkdir mkdirat fsync")).ok()
    lines = [(call, rest) for _, call, rest in traces.read(trace)]
    for parent, child in ((t.dir, t.dir / "a"), (t.dir / "a", state)):
        made = next(i for i, (call, rest) in enumerate(lines) if call.startswith("mkdir")
                    and f'"{child}"' in rest)
        opened = {descriptor(rest) for call, rest in lines[made:] if call == "openat"
                  and f'"{parent}"' in rest}
        check([rest for call, rest in lines[made:] if call == "fsync" and rest.split(")")[0] in opened],
              f"{parent.name} is not synced after mkdir {child.name}")
