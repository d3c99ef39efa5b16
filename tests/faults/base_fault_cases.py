"""pitr-base: no space, missing and damaged WAL."""

import collections
import signal

import sandbox
import traces
from base_world import Backups, small_disk
from program import ARCHIVE, BASE
from registry import case, check, each, wait_until


@each("no space {}: no set, the space returns, and the next backup works",
      B07="at the destination", B07b="for the temporary files")
def no_space(t, where):
    backups = Backups(t)
    if where == "at the destination":
        with small_disk(t, backups.sets, "1m"):
            run = backups.take(places=[f"none={backups.sets}"])
            backups.refused(run, backups.sets, "no space left")
            sandbox.grow_memory(backups.sets, "200m")
            backups.next_one_works()
    else:
        with small_disk(t, backups.temporary, "16k"):
            backups.refused(backups.take(), backups.temporary, "no space left")
            sandbox.grow_memory(backups.temporary, "20m")
            backups.next_one_works()


@case("B07c", "no space in the staging directory: archiving goes on, and so does the backup")
def no_space_in_staging(t):
    backups = Backups(t)
    backups.staging = t.dir / "small" / "staging"
    backups.staging.parent.mkdir()
    with small_disk(t, backups.staging.parent, "256k"):
        places = f"-dl {t.dst} -db {backups.staging}"
        command = f'{ARCHIVE} -D {backups.data} {places} -s {t.state} "%p"'
        backups.server.sql(f"ALTER SYSTEM SET archive_command = '{command}'")
        backups.server.sql("SELECT pg_reload_conf()")
        wait_until("the new setting", lambda: "small" in backups.server.sql("SHOW archive_command"))
        # Its WAL is archived, but not in the place where this backup looks: the status tells.
        backups.take().gives(4).says("was taken from pg_wal")
        backups.nothing_left()
        backups.restores()
        failed = backups.server.sql("SELECT failed_count FROM pg_stat_archiver")
        check(failed == "0", f"archiving failed {failed} times")


@each("the WAL of a backup is {} at bundling, pg_wal has not got it either: no backup until it is there",
      D31="missing", D31b="damaged", D31c="another segment's bytes")
def bad_wal(t, how):
    backups = Backups(t, standing=True)
    run = backups.take("--max-rate", "8M", "--wal-timeout", 2, wait=False)
    wait_until("the start of the backup", lambda: backups.has_logged(") returned", run))
    run.signal(signal.SIGSTOP)  # until the damage is done
    first = backups.server.sql("SELECT pg_walfile_name(pg_switch_wal())")
    wait_until(f"{first} is archived", lambda: t.forms(first, backups.staging) and t.forms(first, t.dst))
    places = t.forms(first, t.dst) + t.forms(first, backups.staging) + [backups.data / "pg_wal" / first]
    good = places[-1].read_bytes()
    before = f"{int(first, 16) - 1:024X}"
    bad = {"missing": None, "damaged": bytes(1000) + good[1000:],
           "another segment's bytes": (backups.data / "pg_wal" / before).read_bytes()}[how]
    for path in places:
        if bad is None:
            path.unlink()
        else:
            path.write_bytes(bad)
    run.signal(signal.SIGCONT)
    run.wait(90).gives(4).says(first, "no backup yet")
    found = backups.files()
    check(found == ["h-data-one.tar.zst", "h-waiting-one.tar.zst"], f"left of it: {found}")
    backups.nothing_left(standing=True)
    # The archive gets the right one: now it becomes a backup.
    places[0].write_bytes(good)
    backups.log.unlink()
    words = [BASE, "--finish", "h-data-one.tar", "-dl", backups.sets, "--source", t.dst]
    t._run([*words, "-t", backups.temporary], True, 60, {"cwd": t.dir}).gives(0)
    check(backups.listed() == ["one"], f"after --finish: {backups.files()}")
    backups.restores()


@case("D31d", "damaged WAL in staging, good WAL in pg_wal: the good one is bundled, the status is 4")
def damaged_staging(t):
    backups = Backups(t, standing=True)
    run = backups.take("--max-rate", "8M", "--wal-timeout", 2, wait=False)
    wait_until("the start of the backup", lambda: backups.has_logged(") returned", run))
    run.signal(signal.SIGSTOP)  # until the damage is done
    first = backups.server.sql("SELECT pg_walfile_name(pg_switch_wal())")
    wait_until(f"{first} is archived", lambda: t.forms(first, backups.staging))
    path = t.forms(first, backups.staging)[0]
    path.write_bytes(path.read_bytes()[:5000])
    run.signal(signal.SIGCONT)
    run.wait(90).gives(4).says(first)
    backups.restores()


@case("D31e", "no space for the index when the WAL is to be bundled: the copy waits, whole, and --finish completes it")
def no_space_for_the_index(t):
    backups = Backups(t)
    trace = t.dir / "trace"
    backups.take(name="counted", prefix=traces.recording(trace, "write")).gives(0)
    # The index is written when the WAL file is begun, and for the last time before the meta file.
    number, writes = collections.Counter(), []
    for process, _, rest in traces.read(trace):
        number[process] += 1
        if '{\\"kind\\": ' in rest[:30]:
            writes.append(traces.Point("write", number[process]))
    check(len(writes) > 2, f"the index is written {len(writes)} times")
    found = writes[-2]
    backups.take(prefix=traces.strike(trace, found, "error=ENOSPC")).gives(4).says("no space left", "no backup yet")
    check([file for file in backups.files() if "-one." in file] == ["h-data-one.tar.zst", "h-waiting-one.tar.zst"],
          f"left of it: {backups.files()}")
    backups.log.unlink()
    words = [BASE, "--finish", "h-data-one.tar", "-dl", backups.sets, "--source", t.dst, "-t", backups.temporary]
    t._run(words, True, 60, {"cwd": t.dir}).gives(0)
    backups.restores()
