"""pitr-base: ended in the middle, by whatever. What is listed restores, and the next backup works."""

import signal
import time

import sandbox
import traces
from archive_power_cases import PowerCut
from base_world import Backups
from registry import case, check, wait_until


@case("B03", "its session is terminated: no set, and the next backup works")
def terminated_session(t):
    backups = Backups(t)
    run = backups.take("--max-rate", "8M", wait=False)
    wait_until("the start of the backup", lambda: backups.has_logged(") returned", run))
    ended = backups.server.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                               "WHERE application_name = 'pitr-base'")
    check(ended == "1", f"{ended} sessions were terminated")
    backups.refused(run.wait(60), "terminat")
    backups.next_one_works()


@case("B04", "the server is stopped at once in the middle: no set, and the next backup works")
def stopped_server(t):
    backups = Backups(t)
    run = backups.take("--max-rate", "8M", wait=False)
    wait_until("the start of the backup", lambda: backups.has_logged(") returned", run))
    backups.server.stop("immediate")
    backups.refused(run.wait(60))
    backups.start()
    backups.next_one_works()


# Everything that makes, names, syncs or removes a file.
STEPS = "mkdir openat linkat unlinkat rmdir fsync exit_group"


def killed_at(backups, point, name):
    run = backups.take(name=name, prefix=traces.strike(backups.t.dir / "trace", point, "signal=KILL"))
    # How often it looks for WAL is not the same in every run: a late step may not come.
    if run.status == 0 and point.call != "linkat":
        return 0
    check(run.status == 137, f"killed at {point}: {run}")
    if name in backups.listed():
        backups.restores(name)
        return 1
    # The names that it has published are no backup: the next run of that name takes them.
    run = backups.take(name=name)
    check(run.status == 0, f"the same name again after a kill at {point}: {run}")
    backups.restores(name)
    backups.nothing_left()
    return 1


@case("B05", "kill -9 at many steps: never listed unless it restores; no later backup is kept from working")
def killed(t):
    backups = Backups(t)
    trace = t.dir / "trace"
    backups.take(name="counted", prefix=traces.recording(trace, STEPS)).gives(0)
    points = traces.points(trace)
    # What counts most: between the names of data, xlog and meta, and just behind each.
    naming = [point for point in points if point.call == "linkat"]
    check(len(naming) == 3, f"{len(naming)} names were given")
    others = [point for point in points if point.call != "linkat"]
    struck = 0
    for number, point in enumerate(naming + traces.sample(others, 6, t.all)):
        struck += killed_at(backups, point, f"k{number}")
    check(struck > 5, f"only {struck} kills struck")
    for number in range(2, 4):
        # Whatever the dead left beside it, another name works.
        point = naming[number - 1]
        backups.take(name=f"d{number}", prefix=traces.strike(trace, point, "signal=KILL")).gives(137)
        check(f"d{number}" not in backups.listed(), "half a set is listed")
        backups.next_one_works(f"n{number}")
    backups.restores("n3")


@case("B05b", "kill -9 while its staging directory is made or removed: the next backup has its own, and what was left goes")
def killed_at_staging(t):
    backups = Backups(t)
    trace = t.dir / "trace"
    backups.take(name="counted", prefix=traces.recording(trace, "mkdir openat rename unlinkat rmdir")).gives(0)
    points = []
    for text in (str(backups.staging), '"pitr-base.lock"', '"complete"'):
        points += [point for point in traces.points(trace, text) if point not in points]
    check(len(points) > 5, f"only {len(points)} steps at the staging directory")
    struck = 0
    for number, point in enumerate(points):
        run = backups.take(name=f"k{number}", prefix=traces.strike(trace, point, "signal=KILL")).gives(137, 0)
        struck += run.status == 137
        # Without one of its own it would wait for somebody else to fill the directory that is there.
        backups.next_one_works(f"n{number}")
    # The order of two threads moves a point now and then.
    check(struck > len(points) * 2 // 3, f"only {struck} of {len(points)} kills struck")


@case("B06", "SIGTERM while it connects, copies, and waits for WAL: over within 15 s, nothing is left")
def asked_to_stop(t):
    backups = Backups(t)

    def stop(run):
        run.signal(signal.SIGTERM)
        asked = time.monotonic()
        backups.refused(run.wait(60))
        check(time.monotonic() - asked < 15, f"it took {time.monotonic() - asked:.0f} s")

    run = backups.take(wait=False)
    wait_until("its first words", lambda: backups.has_logged("Called with", run))
    stop(run)
    stop(backups.take_slowly())
    backups.server.configure(archive_command="sleep 600")
    backups.server.sql("SELECT pg_reload_conf()")
    wait_until("the new setting", lambda: "sleep" in backups.server.sql("SHOW archive_command"))
    run = backups.take(wait=False)
    wait_until("the wait for WAL", lambda: backups.has_logged("Timer [Making data archive]", run))
    stop(run)


@case("B24", "a power cut right after exit 0: the set is there and restores")
def power_cut(t):
    backups = Backups(t)
    disk = PowerCut(t)
    place = disk.place / "archive"
    backups.take("--digest", "SHA-256", places=[f"zstd={place}"]).gives(0)
    disk.cut()
    names = sorted(path.name for path in place.iterdir())
    check(len(names) == 4 and ".tmp." not in "".join(names), f"left by the power cut: {names}")
    backups.restores(sets=place)
    disk.end()


@case("B24b", "a power cut in the middle of publishing: nothing is listed that does not restore")
def power_cut_within(t):
    backups = Backups(t)
    trace = t.dir / "trace"
    backups.take(name="counted", prefix=traces.recording(trace, "linkat fsync")).gives(0)
    points = traces.points(trace)
    last_name = [number for number, point in enumerate(points) if point.call == "linkat"][-1]
    # Before the meta file has its name, and before that name is durable.
    for point in points[last_name:last_name + 2]:
        disk = PowerCut(t)
        place = disk.place / "archive"
        backups.take(places=[f"zstd={place}"], prefix=traces.strike(trace, point, "signal=KILL")).gives(137)
        disk.cut()
        if [path for path in place.iterdir() if "-meta-" in path.name and ".tmp." not in path.name]:
            backups.restores(sets=place)
        with sandbox.as_root():
            left = [path.name for path in place.iterdir() if ".tmp." not in path.name]
        check(any("-data-" in name for name in left), f"the data file is not durable before meta: {left}")
        disk.end()
