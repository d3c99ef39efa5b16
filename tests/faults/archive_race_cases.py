"""pitr-archive: several at once, and file systems without links."""

import shutil

import traces
from archive_kill_cases import empty
from fuse_fs import FuseMount
from registry import case, check, each


@case("A62", "4 archivers with the same bytes: one at least succeeds, right, no litter")
def racing_same(t):
    for _ in range(20 if t.all else 5):
        empty(t.dst, t.state)
        path = t.segment()
        runs = [run.wait() for run in [t.archive(path, wait=False) for _ in range(4)]]
        check(any(run.status == 0 for run in runs), f"nobody succeeded: {runs[0]}")
        t.holds(path)
        t.rerun(path)


def racing_different(t, place, rounds=3):
    """Both have looked and found the name free before one publishes: held up at link() and rename()."""
    other = t.dir / "other"
    other.mkdir(exist_ok=True)
    path = t.segment()
    content = path.read_bytes()
    changed = other / path.name
    shutil.copyfile(t.another(path), changed)
    path.write_bytes(content)
    calls = "linkat,renameat,renameat2"
    for number in range(rounds):
        empty(place)
        t.mark(place)
        runs = []
        for source in (path, changed):
            prefix = ["strace", "-f", "-qq", "-o", t.dir / f"trace{len(runs)}", "-e", f"trace={calls}",
                      "-e", f"inject={calls}:delay_enter={400000 if number < 2 else 0}"]
            codec = "zstd" if runs and number == 1 else "none"
            runs.append(t.archive(source, places=[f"{codec}={place}"], prefix=prefix, wait=False))
        winners = [source for source, run in zip((path, changed), runs) if run.wait().status == 0]
        check(len(winners) == 1, f"round {number}: {len(winners)} archivers answered 0: {runs[0]} {runs[1]}")
        t.holds(winners[0], place)
        t.no_litter(place)


@case("A63", "2 archivers, same name, different bytes: exactly one succeeds, that one is stored")
def racing(t):
    racing_different(t, t.dst)


@case("A64", "4 different segments at once: all are stored")
def racing_segments(t):
    paths = [t.segment(number) for number in range(4)]
    t.mark()
    for run in [t.archive(path, wait=False) for path in paths]:
        run.wait().ok()
    for path in paths:
        t.holds(path)
    t.no_litter()


# --- a file system without links

def without_links(t, rename_flags):
    fuse = FuseMount(t.dir / "fuse", links=False, rename_flags=rename_flags)
    t.closing.append(fuse.close)
    place = fuse.path / "archive"
    place.mkdir()
    return place


@each("no links, {}: stored, again, other bytes refused, races, kill -9",
      A63b="but rename without replacing", A63c="and no rename without replacing")
def no_links(t, kind):
    place = without_links(t, kind.startswith("but"))
    path = t.segment(3)
    t.rerun(path, places=[place])
    t.rerun(path, places=[place])
    content = path.read_bytes()
    t.archive(t.another(path), places=[place]).fails().says(path.name)
    path.write_bytes(content)
    check(t.is_right(path, place), "replaced")
    racing_different(t, place)
    trace = t.dir / "trace"
    empty(place, t.state)
    t.archive(path, places=[place], prefix=traces.recording(trace, traces.CHANGING)).ok()
    for point in traces.sample(traces.points(trace), 8, t.all):
        empty(place, t.state)
        t.mark(place)
        t.archive(path, places=[place], prefix=traces.strike(trace, point, "signal=KILL"))
        t.right_or_absent(path, place)
        t.rerun(path, places=[place])


@case("A63d", "link() answers EPERM, EMLINK, ENOSYS, EOPNOTSUPP on a file system that has the rest")
def link_refused(t):
    for error in ("EPERM", "EMLINK", "ENOSYS", "EOPNOTSUPP"):
        empty(t.dst, t.state)
        path, trace = t.segment(), t.dir / "trace"
        t.archive(path, prefix=traces.strike(trace, traces.Point("linkat", "1+"), f"error={error}")).ok()
        t.holds(path)
        t.no_litter()
        renames = [call for _, call, _ in traces.read(trace)]
        check(renames, "strace saw no link()")
