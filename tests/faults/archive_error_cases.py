"""pitr-archive: every system call that can fail does."""

import resource

import traces
from archive_kill_cases import empty, sweep
from program import environment
from registry import Failure, case, check, each


def right_or_failed(t, point, run, path, places):
    """0 only with the right file everywhere, else 1..125. The next run stores it, no litter."""
    places = places or [t.dst]
    plain = [t.dst, t.dst2][:len(places)]
    check(run.status <= 125, f"{point}: {run}")
    for place in plain:
        t.right_or_absent(path, place)
    if run.status == 0:
        t.holds(path, *plain)
    else:
        run.fails()
        if point.call != "unlinkat":
            t.no_litter(*plain)
    try:
        t.archive(path, places=places).ok()
        t.holds(path, *plain)
        t.no_litter(*plain)
    except Failure as failure:
        raise Failure(f"after {point}: {failure}") from failure


@each("{} at every writing call: failed or right; the re-run stores it, no litter", A47="ENOSPC", A48="EIO")
def failing_write(t, error):
    for how in ({"marked": False}, {"places": [f"lz4={t.dst}", f"gzip={t.dst2}"]}):
        for point, run, path in sweep(t, f"error={error}", traces.WRITING, **how):
            right_or_failed(t, point, run, path, how.get("places"))


@each("{} fails with EIO: never 0, the temporary file dropped", A49="fsync")
def failing_fsync(t, _):
    for how in ({"marked": True, "places": [t.dst]}, {"places": [f"zstd={t.dst}", t.dst2]}):
        # Opening and writing are only there to give the trace its points; the fault strikes at fsync alone.
        for point, run, path in sweep(t, "error=EIO", "openat fsync fdatasync", size=99, **how):
            if "sync" in point.call:
                run.fails().says("fsync")
                t.no_litter(t.dst, t.dst2)
            right_or_failed(t, point, run, path, how["places"])


@case("A49b", "fsync fails when the identical file is there already: never 0")
def failing_fsync_of_stored(t):
    path, trace = t.segment(), t.dir / "trace"
    t.archive(path).ok()
    for number in (1, 2):
        t.archive(path,
                  prefix=traces.strike(trace, traces.Point("fsync", number),
                                       "error=EIO")).fails().says("fsync")
    t.rerun(path)


@each("close fails with {} (NFS, quota): failed or right", A50="EDQUOT", A50b="EIO")
def failing_close(t, error):
    path, trace = t.segment(), t.dir / "trace"
    t.mark()
    t.archive(path, prefix=traces.recording(trace, "close")).ok()
    found = traces.points(trace)
    for point in traces.sample(found, 12, t.all):
        empty(t.dst)
        t.mark()
        run = t.archive(path, prefix=traces.strike(trace, point, f"error={error}"))
        if run.status != 127:  # the loader's own
            right_or_failed(t, point, run, path, [t.dst])
    check(found, "no close in the trace")
    empty(t.dst)
    t.mark()
    t.archive(path,
              prefix=traces.strike_file(trace, t.dst / f"{path.name}.tmp.0", "close",
                                        f"error={error}")).fails()
    t.no_litter()
    t.rerun(path)


@case("A51", "read of the source fails with EIO: clean")
def failing_read(t):
    path, trace = t.segment(), t.dir / "trace"
    t.mark()
    for when in ("1", "2", "4"):
        for codec in ("none", "zstd"):
            prefix = traces.strike_file(trace, path, "read", "error=EIO", when)
            t.fails_clean(path, places=[f"{codec}={t.dst}"], prefix=prefix).says("read", path.name)
    t.rerun(path)


@each("{}: failed or right; then stored", A52="link and rename: EIO, EXDEV", A53="open: EACCES, EMFILE")
def failing_names(t, title):
    calls, errors = "openat", ("EACCES", "EMFILE")
    if title.startswith("link"):
        calls, errors = "linkat renameat renameat2 unlinkat", ("EIO", "EXDEV")
    path, trace = t.segment(), t.dir / "trace"
    for error in errors:
        empty(t.dst, t.state)
        t.archive(path, prefix=traces.recording(trace, calls)).ok()
        # Every open, not only those that create: what cannot be looked at is not "not there".
        found = list(dict.fromkeys(traces.Point(call, n) for call in calls.split() for n in range(
            1, 1 + sum(1 for _, seen, _ in traces.read(trace) if seen == call))))
        check(found, f"no {calls} in the trace")
        for point in traces.sample(found, 16, t.all):
            empty(t.dst, t.state)
            run = t.archive(path, prefix=traces.strike(trace, point, f"error={error}"))
            if run.status == 127:  # the loader's own
                continue
            right_or_failed(t, point, run, path, [t.dst])


@case("A53b", "the look for an existing file fails with EIO: never taken for \"not there\"")
def failing_look(t):
    path, trace = t.segment(), t.dir / "trace"
    content = path.read_bytes()
    t.mark()
    stored = t.store(t.another(path), "gzip")
    path.write_bytes(content)
    for error in ("EIO", "EACCES", "ESTALE", "ETIMEDOUT"):
        prefix = traces.strike_file(trace, stored, "openat", f"error={error}")
        t.archive(path, prefix=prefix).fails().says(stored.name)
        check(t.forms(path.name) == [stored], "a second form was stored")


@case("A54", "the source ends early while it is read: failed, clean")
def early_end(t):
    path, trace = t.segment(), t.dir / "trace"
    t.mark()
    for when in ("1+", "2+", "4+"):
        for options in ((), ("--no-header-check",)):
            t.fails_clean(path, *options, prefix=traces.strike_file(trace, path, "read", "retval=0", when))
    t.rerun(path)


@each("{} from an LD_PRELOAD: goes on, 0, right", A55="short", A56="eintr")
def interrupted(t, fault):
    count = t.dir / "count"
    env = environment(LD_PRELOAD=t.m.shim, FAULT=fault, FAULT_COUNT=count)
    for number, codec in enumerate(("none", "zstd", "gzip")):
        path = t.segment(number)
        for _ in range(2):  # stored, then compared
            t.archive(path, places=[f"{codec}={t.dst}"], env=env).ok()
        t.holds(path)
    t.no_litter()
    check(int(count.read_text()) > 0, "the fault never struck")


@case("A72", "any failure ends in 1..125, with one line on stderr")
def every_failure(t):
    path = t.segment()
    t.mark()
    wrong = (["--bogus"], ["--dst-loc", t.dst], ["-dl"], ["-dl", ""], ["--parallel-jobs", "0"], ["-PJ", "x"],
             ["-dl", "zst=/tmp"], ["-dl", "gzip:99=/tmp"], ["--config-file", t.dir / "missing"],
             ["second-operand"],
             ["--pid-file", t.dir / "no" / "pid"], ["-D", t.dir / "nowhere"], ["-dl", t.dst], ["--init=1"])
    for options in wrong:
        run = t.archive(path, *options).fails()
        check(run.text.count("\n") == 1, f"{options}: {run.text.count(chr(10))} lines: {run}")
    t.archive("").fails()
    t.has_not(path.name)
    # With less than 8 MB the kernel cannot even map the program.
    for megabytes in range(10, 40, 4):
        run = t.archive(path, places=[f"xz:9={t.dst}"], limits=[(resource.RLIMIT_AS, megabytes << 20)])
        check(run.status <= 125 or run.status == 127, f"{megabytes} MB: {run}")  # 127: the loader's own
        t.right_or_absent(path)
