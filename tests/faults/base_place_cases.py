"""pitr-base: odd places, other runs at the same time, rights."""

import os
import signal

import traces
from base_world import Backups, world_may_read
from material import Server
from registry import case, check, each, wait_until


@each("a symbolic link {}: an end at once that names it",
      B12="to itself", B12b="to the directory above it", B12c="to the data directory as a tablespace")
def link_loop(t, where):
    backups = Backups(t)
    link = backups.data / ("pg_tblspc/99999" if "tablespace" in where else "loop")
    link.symlink_to({"to itself": "loop", "to the directory above it": ".."}.get(where, backups.data))
    backups.refused(backups.take().within(20), link)
    link.unlink()
    backups.next_one_works()


@case("B13", "a file that it may not read: an end at once that names it")
def unreadable(t):
    backups = Backups(t)
    file = backups.data / "base" / "secret.conf"
    file.write_text("x")
    file.chmod(0)
    backups.refused(backups.take().within(20), file, "permission denied")
    file.unlink()
    backups.next_one_works()


@case("B14", "two at once with one staging directory: the second is refused, the first restores")
def two_in_one_staging(t):
    backups = Backups(t)
    first = backups.take_slowly()
    log, backups.log = backups.log, t.dir / "second.log"
    backups.take(name="two").within(20).gives(1).says(backups.staging, "another backup is running")
    backups.log = log
    check(backups.staging.exists(), "the first one's staging directory is gone")
    first.signal(signal.SIGTERM)
    backups.refused(first.wait(30))
    backups.next_one_works()
    backups.restores("next")


@case("B14b", "two at once of one name, WAL from a standing directory: one set, whole, and one refusal")
def two_of_one_name(t):
    backups = Backups(t, standing=True)
    runs = [backups.take("--max-rate", "16M", wait=False) for _ in range(2)]
    statuses = sorted(run.wait(90).status for run in runs)
    check(statuses == [0, 1], f"the statuses: {statuses}")
    refused = next(run for run in runs if run.status == 1)
    refused.says("h-data-one.tar.zst", "exists")
    check(len(backups.files()) == 3, f"in the destination: {backups.files()}")
    backups.nothing_left(standing=True)
    backups.restores()


@case("B14e", "two of one name, the first about to publish its meta file: the second leaves its files alone")
def name_of_a_living_run(t):
    backups = Backups(t, standing=True)
    # The third name that is given is that of the meta file: held up for 6 s.
    point = traces.Point("linkat", 3)
    first = backups.take(prefix=traces.strike(t.dir / "trace", point, "delay_enter=6000000"), wait=False)
    wait_until("the names of data and xlog", lambda: len(
        [name for name in backups.files() if ".tmp." not in name]) == 2)
    log, backups.log = backups.log, t.dir / "second.log"
    backups.take().gives(1).says("-one.tar.zst exists")
    check(not backups.listed(), "the first was over before the second: this proves nothing")
    backups.log = log
    first.wait(60).gives(0)
    backups.nothing_left(standing=True)
    backups.restores()


@case("B14c", "two at once of two names: both restore")
def two_of_two_names(t):
    backups = Backups(t, standing=True)
    runs = [backups.take(name=name, wait=False) for name in ("one", "two")]
    for run in runs:
        run.wait(90).gives(0)
    backups.nothing_left(standing=True)
    for name in ("one", "two"):
        backups.restores(name)


@case("B14d", "two at once with one pid file: the second is refused and names the first")
def two_with_one_pid_file(t):
    backups = Backups(t, standing=True)
    pid_file = t.dir / "pid"
    first = backups.take_slowly("--pid-file", pid_file)
    log, backups.log = backups.log, t.dir / "second.log"
    run = backups.take("--pid-file", pid_file, name="two").within(20).gives(1)
    run.says(pid_file, f"pid {first.process.pid}")
    backups.log = log
    first.signal(signal.SIGTERM)
    first.wait(30).gives(1)
    check(not pid_file.exists(), "the pid file is left")


@case("B15", "a pid file with the number of a process that lives: it runs")
def recycled_pid(t):
    backups = Backups(t)
    pid_file = t.dir / "pid"
    pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    backups.take("--pid-file", pid_file).gives(0)
    check(not pid_file.exists(), "the pid file is left")
    backups.restores()


@case("B16", "umask 000: nothing that it makes is open to the world, neither while it runs nor afterwards")
def open_umask(t):
    backups = Backups(t)
    pid_file, progress = t.dir / "pid", t.dir / "progress"
    backups.temporary.rmdir()
    run = backups.take_slowly("--pid-file", pid_file, "--digest", "SHA-256", "--progress-file", progress,
                              umask=0)
    wait_until("the progress", progress.exists)

    def no_open_file(*paths):
        seen = [path for path in paths if path.exists()]
        check(len(seen) == len(paths), f"not there: {set(paths) - set(seen)}")
        for path in seen:
            for each_path in [path, *(path.rglob("*") if path.is_dir() else [])]:
                check(not world_may_read(each_path) or each_path == backups.sets,
                      f"{each_path} has mode {each_path.lstat().st_mode:o}")

    no_open_file(pid_file, progress, backups.log, backups.temporary, backups.staging, backups.sets)
    run.signal(signal.SIGTERM)
    run.wait(30).gives(1)
    backups.take("--digest", "SHA-256", umask=0).gives(0)
    no_open_file(backups.log, backups.temporary, backups.sets)
    modes = {path.lstat().st_mode & 0o777 for path in backups.sets.iterdir()}
    check(modes == {0o600} and len(backups.files()) == 4, f"{backups.files()} have {modes}")


@case("B17", "the server is down: an end within 30 s that says so, nothing is made")
def server_down(t):
    backups = Backups(t)
    backups.server.stop("fast")
    backups.refused(backups.take().within(30), backups.server.directory)
    check(not backups.files(), f"left of it: {backups.files()}")
    backups.start()
    backups.next_one_works()


@each("{} is missing: an end at once that names it, and it is not made",
      B18="the destination", B18b="the directory above the staging directory", B18c="the WAL source")
def missing_place(t, what):
    backups = Backups(t)
    missing = t.dir / "missing"
    options = {"places": [f"zstd={missing}"]} if what == "the destination" else {}
    words = ["--source", missing] if what == "the WAL source" else []
    if "staging" in what:
        backups.staging = missing / "staging"
    backups.refused(backups.take(*words, **options).within(20), missing)
    check(not missing.exists(), "it made the missing directory")
    check(not backups.files(), f"left of it: {backups.files()}")


@case("B25", "pg_wal is a symbolic link: the set holds a plain directory, and restores")
def linked_wal(t):
    def move_wal(backups):
        elsewhere = t.dir / "elsewhere"
        (backups.data / "pg_wal").rename(elsewhere)
        (backups.data / "pg_wal").symlink_to(elsewhere)

    backups = Backups(t, before_start=move_wal)
    check((backups.data / "pg_wal").is_symlink(), "pg_wal is no link: this proves nothing")
    backups.take().gives(0)
    copy = backups.restores()
    wal = copy / "data" / "pg_wal"
    check(wal.is_dir() and not wal.is_symlink(), "pg_wal of the copy is no directory of its own")


@case("D34", "what the server rebuilds is in no set: unlogged and temporary data, slots, pid files")
def left_out(t):
    backups = Backups(t)
    backups.server.sql("CREATE UNLOGGED TABLE volatile AS SELECT generate_series(1, 1000) AS n")
    backups.server.sql("SELECT pg_create_physical_replication_slot('standby', true)")
    unlogged = backups.server.sql("SELECT pg_relation_filepath('volatile')")
    database = unlogged.rsplit("/", 1)[0]
    made = ["base/pgsql_tmp/pgsql_tmp17.0", f"{database}/t3_16399", f"{database}/pg_internal.init.9",
            "pg_stat_tmp/db_0.stat", "pg_notify/0000"]
    for name in [*made, "standby.signal.away"]:
        path = backups.data / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(8192))
    unwanted = [*made, unlogged, "pg_replslot/standby/state", "postmaster.pid", "postmaster.opts"]
    gone = [name for name in unwanted if not (backups.data / name).exists()]
    check(not gone, f"not there before the backup, which proves nothing: {gone}")
    backups.take().gives(0)
    copy = backups.unpack() / "data"
    stored = [name for name in unwanted if (copy / name).exists()]
    check(not stored, f"in the set: {stored}")
    check((copy / f"{unlogged}_init").exists() and (copy / "standby.signal.away").exists(),
          "more than that was left out")
    check(not list((copy / "pg_replslot").iterdir()), "there are slots in the set")
    server = Server(backups.restores())
    server.start()
    found = server.sql("SELECT count(*) FROM volatile")
    server.stop("immediate")
    check(found == "0", f"{found} rows in the unlogged table of the copy")
