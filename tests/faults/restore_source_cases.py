"""pitr-restore: several sources, several restores, leftovers, and the last history of a recovery."""

import os
import time

import material as wal
from far_host import FarHost, RsyncDaemon
from program import environment
from registry import case, check, each
from world import MODES


@case("R55", "four restores at once: right")
def concurrent(t):
    t.use_cluster(t.m.large)
    t.store(t.m.large_segment, "zstd")
    for mode in MODES:
        runs = [t.restore(t.m.large_segment.name, mode=mode, wait=False) for _ in range(4)]
        for run in runs:
            run.wait().ok()
        t.given(t.m.large_segment)
        t.target.unlink()


@case("R56", "restoring while the segment is being archived: absent or complete")
def during_archiving(t):
    t.use_cluster(t.m.large)
    t.mark(size=16 * wal.MEGABYTE)
    path = t.put(t.m.large_segment)
    target = t.dir / "target"
    seen = set()
    for codec in ("none", "zstd:9"):
        running = t.archive(path, places=[f"{codec}={t.dst}"], wait=False)
        while True:
            ended = running.process.poll() is not None if running.status is None else True
            run = t.restore(path.name, target=target).gives(0, 1)
            seen.add(run.status)
            if run.status == 0:
                check(target.read_bytes() == path.read_bytes(), "an incomplete segment was handed over")
                break
            check(not ended, f"archived, and not found: {run}")
            time.sleep(0.01)
        t.forms(path.name)[0].unlink()
    check(seen == {0, 1}, f"only seen: {seen}")


@case("D20", "what a killed restore left in pg_wal is never handed over")
def leftovers(t):
    t.mark()
    for name in ("RECOVERYXLOG.tmp.0", "RECOVERYXLOG.tmp.1"):
        (t.pg_wal / name).write_bytes(t.m.segments[3].read_bytes())
    source = t.m.segments[1]
    for mode in MODES:
        t.restore(source.name, mode=mode).gives(1)
    t.store(source)
    t.restore(source.name).ok()
    check(t.target.read_bytes() == source.read_bytes(), "other bytes")
    check(not (t.pg_wal / "RECOVERYXLOG.tmp.0").exists(), "the leftover stays")


@case("D21", "two sources: a broken first one is reported, the second is used; both broken is an error")
def two_sources(t):
    source, good = t.m.segments[1], t.store(t.m.segments[1], "zstd", place=t.dst2)
    bad = t.store(source, "gzip")
    bad.write_bytes(bad.read_bytes()[:1000])
    for mode in MODES:
        t.restore(source.name, mode=mode, sources=[t.dst, t.dst2]).ok().says(bad)
        t.given(source)
        t.restore(source.name, mode=mode, sources=[t.dir / "missing", t.dst2]).ok().says("missing")
        t.given(source)
        t.target.unlink()
        # One place without it and one that cannot be looked into: not proven absent.
        t.refuses(t.m.segments[4].name, mode, sources=[t.dst2, t.dir / "missing"], words=["missing"])
        t.refuses(source.name, mode, sources=[t.dst, t.dir / "missing"], words=[bad, "missing"])
    os.truncate(good, 100)
    for mode in MODES:
        t.refuses(source.name, mode, sources=[t.dst, t.dst2], words=[bad, good])


@each("a standby's source is slow, {}: it delivers",
      D22="an rsync daemon of 150 kB a second", D22b="a login that takes 5 s")
def slow_source(t, what):
    source = t.m.segments[1]
    if "rsync" in what:
        daemon = RsyncDaemon(t)
        slow = t.dir / "rsync"
        slow.write_text('#!/bin/sh\nexec rsync --bwlimit=150 "$@"\n', encoding="ascii")
        slow.chmod(0o755)
        t.store(source, place=daemon.far)
        how = {"sources": [daemon.place], "env": daemon.env}
        options = ["--rsync-path", slow]
    else:
        host = FarHost(t)
        key = (host.dir / "client.pub").read_text(encoding="ascii")
        command = r'sleep 5; eval \"$SSH_ORIGINAL_COMMAND\"'
        (host.dir / "authorized_keys").write_text(f'command="{command}" {key}', encoding="ascii")
        t.store(source, place=host.far)
        how = {"sources": [host.place], "env": environment(XDG_RUNTIME_DIR=host.runtime)}
        options = ["--ssh-path", host.ssh]
    run = t.restore(source.name, *options, mode="standby", **how).ok()
    check(run.seconds > 4.5, f"it took {run.seconds:.1f} s: this proves nothing")
    t.given(source)


@case("D23", "a host falls silent: a standby's call ends with 2 after --remote-timeout, after 2 s once promote is there")
def silent_host(t):
    host = FarHost(t)
    t.store(t.m.segments[1], place=host.far)
    how = {"sources": [host.place], "env": environment(XDG_RUNTIME_DIR=host.runtime), "mode": "standby"}
    options = ["--ssh-path", host.ssh, "--remote-timeout", 7]
    host.proxy.after(0, stalls=True)
    run = t.restore(t.m.segments[1].name, *options, **how).gives(2).within(20)
    check(run.seconds > 6, f"given up after {run.seconds:.1f} s")
    (t.data / "promote").touch()
    t.restore(t.m.segments[1].name, *options, **how).gives(2).within(5)
    t.not_given()


# --- the history that PostgreSQL asks for after it has removed recovery.signal

@each("the last history of a recovery {}", H01="is found", H02="is absent",
      H03="cannot be looked up: retried, then 200",
      H04="cannot be looked up, pg_wal has it: 2 at once", H05="comes back within --history-retry-time")
def last_history(t, what):
    target = t.pg_wal / "RECOVERYHISTORY"
    options = ["--history-retry-time", "2"]
    t.mark()
    if what == "is absent":
        t.restore(t.m.history.name, *options, mode="other", target=target).gives(1)
        return
    t.store(t.m.history, "gzip")
    if what == "is found":
        t.restore(t.m.history.name, *options, mode="other", target=target).ok()
        t.given(t.m.history, target)
        return
    away = t.dst.rename(t.dir / "away")
    if what.endswith("2 at once"):
        t.put(t.m.history)
        t.restore(t.m.history.name, mode="other", target=target).gives(2).within(5)
        return
    run = t.restore(t.m.history.name, "--history-retry-time", "60" if what.startswith("comes") else "2",
                    mode="other",
                    target=target, wait=False)
    if what.startswith("comes"):
        t.later(1.2, lambda: away.rename(t.dst))
        run.wait(30).ok()
        t.given(t.m.history, target)
    else:
        run.wait(20).gives(200)
        check(run.seconds > 1, "it did not wait")
        t.not_given(target)


@case("H06",
      "the first timeline has no history: 1 at once, whatever the sources; PostgreSQL asks when it promotes")
def no_first_history(t):
    for mode in (*MODES, "other"):
        t.restore("00000001.history", mode=mode, sources=[t.dir / "missing"], retry=60,
                  target=t.pg_wal / "RECOVERYHISTORY").gives(1).within(5)
