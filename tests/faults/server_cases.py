"""A real server whose archive breaks: it loses nothing, and goes on when the archive is repaired."""

import shutil
import signal
import time

from fuse_fs import FuseMount
from material import Server
from program import ARCHIVE, RESTORE
from registry import case, check, each, wait_until

ROWS = 12000


def broken_server(server, text):
    check(False, f"{text}; its log ends: {server.log.read_text()[-600:]}")


def primary_with_backup(t, timeline=1):
    """A base backup, and an archive with ROWS rows in segments behind it. Returns these segments' names."""
    server = Server(t.dir / "primary").initialize(1)
    server.configure(archive_command=f'{ARCHIVE} -D {server.data} -dl zstd={t.dst} -s {t.state} "%p"')
    server.start()
    if timeline == 2:
        server.stop()
        (server.data / "standby.signal").touch()
        server.start()
        server.sql("SELECT pg_promote()")
    server.sql("CREATE TABLE rows (number int)")
    server._run("pg_basebackup", "-D", t.dir / "base", "-X", "none", "-c", "fast", "-h", server.directory,
                "-U",
                "postgres")
    for start in range(0, ROWS, ROWS // 4):
        server.sql(f"INSERT INTO rows SELECT generate_series({start + 1}, {start + ROWS // 4})")
        server.sql("SELECT pg_switch_wal()")
    server.stop()
    segments = sorted(path.name for path in t.dst.iterdir() if path.name.startswith(f"0000000{timeline}") and
                      path.name.endswith(".zst") and "backup" not in path.name)
    return segments[-6:]


def restored(t, mode, source, *options, **settings):
    server = Server(t.dir / f"restored-{mode}")
    server.directory.mkdir()
    shutil.copytree(t.dir / "base", server.data, symlinks=True)
    server.data.chmod(0o700)
    words = " ".join(str(word) for word in (RESTORE, "-s", source, *options))
    server.configure(unix_socket_directories=server.directory, archive_mode="off",
                     wal_retrieve_retry_interval="200ms",
                     restore_command=f"{words} %f %p", **settings)
    (server.data / f"{mode}.signal").touch()
    t.closing.append(lambda: server.stop("immediate"))
    return server


def breaking(t, middle):
    """(what, break it, repair it) for an archive that breaks in the middle."""
    stored, aside = t.dst / middle, t.dir / "aside"
    good = stored.read_bytes()
    yield "unmounted", lambda: (t.dst.rename(aside), t.dst.mkdir()), lambda: (t.dst.rmdir(),
                                                                              aside.rename(t.dst))
    yield "hole", lambda: stored.rename(aside), lambda: aside.rename(stored)
    yield "damaged", lambda: stored.write_bytes(good[:len(good) // 2]), lambda: stored.write_bytes(good)
    yield "unreadable", lambda: stored.chmod(0), lambda: stored.chmod(0o600)


@case("S01",
      "recovery.signal: a broken archive stops the server, nothing is lost; repaired, it ends with every row")
def recovery(t):
    segments = primary_with_backup(t)
    server = restored(t, "recovery", t.dst, "--retry-time", "1", hot_standby="off")
    for what, damage, repair in breaking(t, segments[2]):
        damage()
        server.start()
        wait_until(f"{what}: the server stops", lambda: not server.is_running())
        check((server.data / "recovery.signal").exists(), f"{what}: recovery.signal is gone")
        check(not (server.data / "pg_wal/00000002.history").exists(), f"{what}: it was promoted")
        repair()
    status, text = server.start()
    if status != 0:
        broken_server(server, f"it does not start from the repaired archive: {text}")
    wait_until("the end of recovery", lambda: server._call(*server.psql("SELECT 1"))[0] == 0)
    check(server.sql("SELECT count(*) FROM rows") == str(ROWS),
          f"{server.sql('SELECT count(*) FROM rows')} rows")


@case("S02", "standby.signal: a broken archive leaves the standby up, repaired it catches up")
def standby(t):
    segments = primary_with_backup(t)
    changes = list(breaking(t, segments[2]))
    changes[1][1]()  # a hole keeps it from getting past the middle until the others had their turn
    server = restored(t, "standby", t.dst)
    status, text = server.start()
    if status != 0:
        broken_server(server, f"it does not start: {text}")
    changes[1][2]()
    for what, damage, repair in changes[:1] + changes[2:] + changes[1:2]:
        if int(server.sql("SELECT count(*) FROM rows")) == ROWS:
            break
        damage()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            if not server.is_running() or server.sql("SELECT pg_is_in_recovery()") != "t":
                broken_server(server, f"{what}: the standby is down or promoted")
            time.sleep(0.2)
        repair()
    wait_until("all rows", lambda: server.sql("SELECT count(*) FROM rows") == str(ROWS))
    check(server.sql("SELECT pg_is_in_recovery()") == "t", "it promoted itself")


def black_hole(t):
    fuse = FuseMount(t.dir / "fuse")
    t.closing.append(fuse.close)
    place = fuse.path / "archive"
    shutil.copytree(t.dst, place)
    return fuse, place


@each("a promotion whose source is a black hole ends within 15 s, on timeline {}", S03=1, S03b=2)
def promotion(t, timeline):
    primary_with_backup(t, timeline)
    fuse, place = black_hole(t)
    server = restored(t, "standby", place)
    status, text = server.start()
    if status != 0:
        broken_server(server, f"it does not start: {text}")
    wait_until("all rows", lambda: server.sql("SELECT count(*) FROM rows") == str(ROWS))
    fuse.stop()
    wait_until("a call hangs", fuse.has_unanswered)
    started = time.monotonic()
    server._call("pg_ctl", "-D", server.data, "-t", "60", "-w", "promote")
    took = time.monotonic() - started
    check(server.sql("SELECT pg_is_in_recovery()") == "f", "it is no primary")
    check(took < 15, f"the promotion took {took:.0f} s")
    check(server.sql("SELECT count(*) FROM rows") == str(ROWS), "rows are missing")
    check(timeline == 1 or (server.data / "pg_wal/00000003.history").read_text().startswith("1\t"),
          "the new history has lost its ancestors")
    fuse.go_on()


@case("S04", "a standby's call to a black hole ends with 2 in seconds, and is left behind by SIGTERM at once")
def call(t):
    t.store(t.m.segments[1], "zstd")
    fuse, place = black_hole(t)
    t.restore(t.m.segments[1].name, mode="standby", sources=[place]).ok()
    t.target.unlink()
    fuse.stop()
    t.restore(t.m.segments[1].name, mode="standby", sources=[place]).gives(2).within(10)
    (t.data / "promote").touch()
    t.restore(t.m.segments[1].name, mode="standby", sources=[place]).gives(2).within(5)
    run = t.restore(t.m.segments[1].name, mode="standby", sources=[place], wait=False)
    run.until_it_waits(signal.SIGTERM)
    run.signal(signal.SIGTERM)
    run.wait(10).gives(143)
    # At the end of recovery the signal files are gone, and a history is asked for.
    history = {"target": t.pg_wal / "RECOVERYHISTORY", "mode": "other", "sources": [place]}
    t.restore("00000002.history", "--history-retry-time", 6, **history).gives(200).within(30)
    t.put(t.m.history)
    t.restore("00000002.history", **history).gives(2).within(5)
    fuse.go_on()
