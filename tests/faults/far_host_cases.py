"""pitr-archive to another host: the cutting and stalling proxy, keys, full disks and power cuts over there."""

import fcntl
import signal
import struct
import time

import material as wal
import sandbox
from archive_power_cases import PowerCut
from far_host import FarHost, RsyncDaemon
from program import environment
from registry import case, check, wait_until

F_OFD_SETLK = 37


@case("A80", "over ssh: stored, byte for byte, under its suffix; again: a success that changes nothing")
def normal(t):
    host = FarHost(t)
    for number, codec in enumerate(wal.SUFFIXES):
        path = t.segment(number)
        t.archive(
            path, "-dr", f"{codec}={host.place}", "--ssh-path", host.ssh, places=()).ok()
        t.holds(path, host.far)
    before = {path: path.stat().st_mtime_ns for path in host.far.iterdir()}
    host.archive(path).ok()
    check({path: path.stat().st_mtime_ns for path in host.far.iterdir()} == before, "something was written anew")
    t.no_litter(host.far)


@case("A81", "a connection that is cut anywhere: nothing half under the name; the next call stores it, no litter")
def cut(t):
    host = FarHost(t)
    t.mark(host.far)
    path = t.segment()
    for limit in (500, 2_000, 6_000, 20_000, 100_000, 500_000, 900_000, 1_040_000, 1_055_000):
        host.proxy.after(limit)
        run = host.archive(path).gives(0, 1)
        if run.status == 0:
            t.holds(path, host.far)  # it was through
        t.right_or_absent(path, host.far)
        host.becomes_clean()
        for form in t.forms(path.name, host.far):
            form.unlink()
        host.proxy.heal()
    host.rerun(path)


@case("A81k", "kill -9 of the archiver at any time: absent or right over there, then stored")
def killed(t):
    host = FarHost(t)
    t.mark(host.far)
    path = t.segment()
    took = host.archive(path).ok().seconds
    for part in range(1, 9):
        for form in t.forms(path.name, host.far):
            form.unlink()
        run = host.archive(path, wait=False)
        time.sleep(took * part / 9)
        run.signal(signal.SIGKILL)
        run.wait(10)
        t.right_or_absent(path, host.far)
        host.becomes_clean()
    host.rerun(path)


@case("A82", "a host that falls silent: given up after --remote-timeout, not after an hour")
def stall(t):
    host = FarHost(t)
    t.mark(host.far)
    path = t.segment()
    for limit in (0, 1_500, 300_000):
        host.proxy.after(limit, stalls=True)
        host.archive(path, timeout=3).fails().within(20)
        t.right_or_absent(path, host.far)
        host.proxy.heal()
        host.becomes_clean()
    host.rerun(path)


@case("A83", "nobody listens: said at once")
def refused(t):
    host = FarHost(t)
    host.stop()
    host.archive(t.segment(), timeout=30).fails().within(15).says("onnection", "127.0.0.1")


@case("A84", "another host key than the known one: refused, and nobody is asked")
def other_key(t):
    host = FarHost(t)
    path = t.segment()
    host.know("other")
    host.archive(path).fails().within(15).says("ost key verification failed")
    (host.dir / "known_hosts").unlink()
    host.archive(path).fails().within(15)
    t.has_not(path.name, host.far)


@case("A85", "the host holds other bytes under the name: refused, unchanged, both named")
def other_bytes(t):
    host = FarHost(t)
    path = t.segment()
    host.archive(path).ok()
    kept = t.forms(path.name, host.far)[0].read_bytes()
    host.archive(t.another(path)).fails().says(f"{host.place}/{path.name}", f"pg_wal/{path.name}")
    check(t.forms(path.name, host.far)[0].read_bytes() == kept, "the stored file was changed")
    t.no_litter(host.far)


@case("A86", "a full disk over there: said, clean, stored when there is room")
def full(t):
    host = FarHost(t)
    t.mounted(sandbox.mount_memory, host.far, "900k")
    t.mark(host.far)
    path = t.segment()
    host.archive(path).fails().says("o space left")
    t.has_not(path.name, host.far)
    host.becomes_clean()
    sandbox.grow_memory(host.far, "4M")
    host.rerun(path)


@case("A87", "a power cut over there right after exit 0: the file is complete")
def power_cut(t):
    disk = PowerCut(t)
    host = FarHost(t, disk.place / "archive")
    path = t.segment()
    host.archive(path).ok()
    disk.cut()
    t.holds(path, host.far)


@case("D13", "a program as a destination: 0 only when it has read everything and ended with 0")
def pipe(t):
    path = t.segment()

    def program(name, text):
        script = t.dir / name
        script.write_text(f"#!/bin/sh\n{text}\n", encoding="utf8")
        script.chmod(0o755)
        return script

    kept = t.dir / "kept"
    kept.mkdir()
    good = program("good", f'cat >"{kept}/$1"')
    for codec, suffix in (("none", ""), ("zstd", ".zst")):
        t.archive(path, "-dp", f"{codec}={good}", places=()).ok()
        t.holds(path, kept)
        (kept / (path.name + suffix)).unlink()
    for name, text, words in (("early", "exit 0", ()), ("half", "head -c 70000 >/dev/null; exit 0", ()),
                              ("bad", "cat >/dev/null; echo no room >&2; exit 3", ("no room",)),
                              ("dead", "kill -9 $$", ()), ("late", "cat >/dev/null; kill -9 $$", ())):
        t.archive(path, "-dp", program(name, text), places=()).fails().says(name, *words)
    t.archive(path, "-dp", t.dir / "missing", places=()).fails().says("missing")
    # The directory has it; the program that failed is asked again, the one that did not is not.
    count = t.dir / "count"
    counting = program("counting", f'cat >/dev/null; echo "$1" >>{count}')
    broken = program("broken", "cat >/dev/null; exit 1")
    for _ in range(2):
        t.archive(path, "-dp", counting, "-dp", broken, places=[t.dst]).fails()
    check(count.read_text() == f"{path.name}\n", f"it was given the file again: {count.read_text()}")


@case("A80r", "an rsync daemon: stored, again, refused when other; restored from there; a wrong password is no absence")
def rsync(t):
    daemon = RsyncDaemon(t)
    path = t.segment()

    def archive(file):
        return t.archive(file, "-dr", f"zstd={daemon.place}", places=(), env=daemon.env)

    archive(path).ok()
    t.holds(path, daemon.far)
    archive(path).ok()
    kept = t.forms(path.name, daemon.far)[0].read_bytes()
    archive(t.another(path)).fails().says(daemon.place, f"pg_wal/{path.name}")
    check(t.forms(path.name, daemon.far)[0].read_bytes() == kept, "the stored file was changed")
    t.no_litter(daemon.far)
    path.unlink()
    t.restore(path.name, sources=[daemon.place], env=daemon.env).ok()
    t.given(t.m.segments[1])
    t.target.unlink()
    t.restore(t.m.segments[3].name, sources=[daemon.place], env=daemon.env).gives(1)
    t.restore(t.m.segments[3].name, sources=[daemon.place], env=environment(RSYNC_PASSWORD="no")).gives(200)
    t.not_given()


@case("A88", "a secret in the environment is in no argument of a program, and in no log")
def secret(t):
    path, log, trace = t.segment(), t.dir / "log", t.dir / "trace"
    t.archive(path, "-v", "-l", log, "-dr", "rsync://127.0.0.1:1/module/wal", places=[t.dst],
              env=environment(RSYNC_PASSWORD="sekret", PGPASSWORD="sekret"),
              prefix=("strace", "-f", "-qq", "-s", "10000", "-e", "trace=execve", "-o", trace)).fails()
    t.holds(path)
    check("rsync://" in trace.read_text(), "rsync was not run")
    check("sekret" not in trace.read_text() and "sekret" not in log.read_text(), "the secret is shown")


@case("D14", "a host, user or path that looks like options or commands is data, or refused")
def strange_places(t):
    host = FarHost(t)
    path = t.segment()
    for place in ("-oProxyCommand=touch pwned:/x", "a b:/x", "host:relative", ":/x"):
        host.archive(path, place=place).gives(2)
    for name in ("with space", "$(touch pwned)", ";touch pwned", "'\"`", "-n", "*"):
        far = host.far / name
        far.mkdir()
        host.archive(path, place=f"{host.user()}@127.0.0.1:{far}").ok()
        t.holds(path, far)
    check(not any(found.name == "pwned" for found in t.dir.rglob("*")), "something was executed")


@case("SP01", "one of two destinations is required, the other dead: 0, and its copy waits in the spool; --flush delivers")
def spool(t):
    host = FarHost(t)
    host.stop()
    spool_options = ("--spool-dir", t.dir / "spool", "--require", t.dst)
    path = t.segment()
    host.archive(path, *spool_options, places=[t.dst]).ok().within(15)
    t.holds(path)
    queue = t.dir / "spool" / host.place.replace("/", "%2F")
    t.holds(path, queue)
    second = t.segment(2)
    host.archive(second, *spool_options, places=[t.dst]).ok().within(5)
    t.holds(second, queue)
    host.start()
    flush = host.archive("--flush", *spool_options, places=[t.dst]).gives(0, 1)
    if flush.status == 1:
        flush.says("another run holds it")  # the one in the background is at it
    wait_until("both are delivered", lambda: not t.forms(path.name, queue) and not t.forms(second.name, queue))
    t.holds(path, host.far)
    t.holds(second, host.far)
    t.no_litter(host.far)


@case("SP02", "a full spool makes its destinations required again: nothing is dropped")
def spool_full(t):
    host = FarHost(t)
    host.stop()
    spool_options = ("--spool-dir", t.dir / "spool", "--require", t.dst, "--spool-max", "2500k")
    first, second, third = (t.segment(number) for number in (1, 2, 3))
    for path in (first, second):
        host.archive(path, *spool_options, places=[t.dst]).ok()
    host.archive(third, *spool_options, places=[t.dst]).fails().says("is full", "--spool-max")
    queue = t.dir / "spool" / host.place.replace("/", "%2F")
    t.holds(first, queue)
    t.holds(second, queue)
    t.has_not(third.name, queue)


@case("SP03", "what was damaged in the spool is not delivered, and keeps what is behind it back")
def spool_damaged(t):
    host = FarHost(t)
    host.stop()
    spool_options = ("--spool-dir", t.dir / "spool", "--require", t.dst)
    first, second = t.segment(1), t.segment(2)
    for path in (first, second):
        host.archive(path, *spool_options, places=[t.dst]).ok()
    queue = t.dir / "spool" / host.place.replace("/", "%2F")
    stored = t.forms(first.name, queue)[0]
    stored.write_bytes(stored.read_bytes()[:-8192])
    host.start()
    host.archive("--flush", *spool_options, places=[t.dst]).gives(1)
    t.has_not(first.name, host.far)
    t.has_not(second.name, host.far)
    t.holds(second, queue)


@case("SP04", "a requirement that is not met is a failure; what is there is not sent again")
def not_met(t):
    host = FarHost(t)
    host.stop()
    path = t.segment()
    for require in ("all", "2", host.place):
        host.archive(path, "--spool-dir", t.dir / "spool", "--require", require, places=[t.dst]).fails().says("ssh")
    host.archive(path, "--require", "any", places=[t.dst]).gives(2).says("--spool-dir")
    host.archive(path, "--spool-dir", t.dir / "spool", "--require", "3", places=[t.dst]).gives(2)
    host.archive(path, "--spool-dir", t.dir / "spool", "--require", "/elsewhere", places=[t.dst]).gives(2)
    host.start()
    host.archive(path, "--require", "all", "--spool-dir", t.dir / "spool", places=[t.dst]).ok()
    t.holds(path, t.dst)
    t.holds(path, host.far)


@case("SP05", "a damaged segment is no success, also when what is required has such a file already")
def damaged_with_requirement(t):
    path = t.segment()
    data = bytearray(path.read_bytes())
    data[11] ^= 0xFF  # the page address: of another segment
    t.put(path, content=bytes(data))
    t.mark()
    t.store(path)
    t.mark(t.dst2)
    t.archive(path, "--require", t.dst, "--spool-dir", t.dir / "spool", places=[t.dst, t.dst2]).fails()
    t.has_not(path.name, t.dst2)


@case("SP06", "a file that was on its way while an earlier one was left to the spool waits behind it: no hole")
def in_order(t):
    first, second = t.segment(1), t.segment(2)
    for place in (t.dst, t.dst2):
        t.mark(place)
    queue = t.dir / "spool" / str(t.dst2).replace("/", "%2F")
    queue.mkdir(parents=True)
    with open(f"{queue}.lock", "w+b") as lock:  # so that nobody delivers meanwhile
        fcntl.fcntl(lock, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        run = t.archive(second, "--require", t.dst, "--spool-dir", t.dir / "spool", places=[t.dst, t.dst2], state=False,
                        prefix=("strace", "-qq", "-o", t.dir / "trace", "-e", "trace=fsync",
                                "-e", "inject=fsync:delay_enter=2000000:when=1"), wait=False)
        wait_until("it is on its way", lambda: t.litter(t.dst2))
        t.store(first, place=queue)
        run.wait(30).ok()
        t.holds(second, t.dst)
        t.has_not(second.name, t.dst2)
        t.holds(second, queue)
