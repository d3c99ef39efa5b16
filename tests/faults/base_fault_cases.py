"""pitr-base: no space, missing and damaged WAL."""

import sandbox
from base_world import Backups, small_disk, wait_until
from program import ARCHIVE
from registry import case, check, each


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


@each("the WAL of a backup is {} at bundling, pg_wal has not got it either: no set, the segment is named",
      D31="missing", D31b="damaged", D31c="another segment's bytes")
def bad_wal(t, how):
    backups = Backups(t, standing=True)
    run = backups.take("--max-rate", "8M", "--wal-timeout", 2, wait=False)
    wait_until("the start of the backup", lambda: backups.has_logged(") returned", run))
    first = backups.server.sql("SELECT pg_walfile_name(pg_switch_wal())")
    wait_until(f"{first} is archived", lambda: t.forms(first, backups.staging) and t.forms(first, t.dst))
    for path in t.forms(first, t.dst) + t.forms(first, backups.staging) + [backups.data / "pg_wal" / first]:
        if how == "missing":
            path.unlink()
        elif how == "damaged":
            path.write_bytes(bytes(1000) + path.read_bytes()[1000:])
        else:
            before = f"{int(first, 16) - 1:024X}"
            path.write_bytes((backups.data / "pg_wal" / before).read_bytes())
    run.wait(90).gives(1, 3).says(first)
    check(not backups.listed() and not backups.files(), f"left of it: {backups.files()}")
    backups.nothing_left(standing=True)


@case("D31d", "damaged WAL in staging, good WAL in pg_wal: the good one is bundled, the status is 4")
def damaged_staging(t):
    backups = Backups(t, standing=True)
    run = backups.take("--max-rate", "8M", "--wal-timeout", 2, wait=False)
    wait_until("the start of the backup", lambda: backups.has_logged(") returned", run))
    first = backups.server.sql("SELECT pg_walfile_name(pg_switch_wal())")
    wait_until(f"{first} is archived", lambda: t.forms(first, backups.staging))
    path = t.forms(first, backups.staging)[0]
    path.write_bytes(path.read_bytes()[:5000])
    run.wait(90).gives(4).says(first)
    backups.restores()
