"""pitr-restore: the duties it took over from OmniPITR, and the answers a DBA may choose."""

import os
import signal
import time

import material as wal
from program import RESTORE
from registry import case, check, each
from world import MODES


@case("O01", "--recovery-delay holds a fresh segment back, and no longer")
def delay(t):
    for mode in MODES:
        stored = t.store(t.m.segments[1], "zstd")
        os.utime(stored, (time.time() - 100,) * 2)
        t.restore(t.m.segments[1].name, "--recovery-delay", 50, mode=mode).ok().within(5)
        t.target.unlink()
        released = time.time() + 2
        os.utime(stored, (released - 50,) * 2)
        t.restore(t.m.segments[1].name, "-w", 50, mode=mode).ok()
        check(time.time() > released - 0.1, f"{mode}: handed over {released - time.time():.1f} s too early")
        t.given(t.m.segments[1])
        t.target.unlink()
    t.mark()
    t.store(t.m.history)
    t.restore(t.m.history.name, "-w", 500, target=t.pg_wal / "RECOVERYHISTORY").ok().within(5)


@each("--finish-trigger {}", O02="smart: what is there is handed over, then the end",
      O03="NOW: the end at once")
def trigger(t, kind):
    file = t.dir / "trigger"
    t.store(t.m.segments[1])
    options = ["-f", file, "-w", "0"]
    # Without the file it waits: a warm standby.
    run = t.restore(t.m.segments[2].name, *options, wait=False)
    t.later(1, lambda: file.write_text("NOW\n" if kind.startswith("NOW") else "smart\n"))
    run.wait(20).gives(1)
    check(run.seconds > 0.9, "it did not wait")
    t.not_given()
    run = t.restore(t.m.segments[1].name, *options)
    if kind.startswith("NOW"):
        run.gives(1).says(t.m.segments[1].name)
        t.not_given()
    else:
        run.ok().within(5)
        t.given(t.m.segments[1])
        t.target.unlink()
        # Nor is it held back by a delay.
        t.restore(t.m.segments[1].name, "-f", file, "-w", 500).ok().within(5)
    t.restore(t.m.segments[2].name, *options).gives(1).within(5)


@case("O04", "SIGUSR1 ends recovery at once, while it waits")
def user_signal(t):
    t.mark()
    run = t.restore(t.m.segments[1].name, "--wait", wait=False)
    run.until_it_waits(signal.SIGUSR1)
    run.signal(signal.SIGUSR1)
    run.wait(10).gives(1)
    t.not_given()


@case("O05", "who waits for a segment to come, and who does not")
def waiting(t):
    t.mark()
    waits = (("recovery", ["--wait"]), ("standby", ["--wait"]), ("recovery", ["-f", t.dir / "trigger"]),
             ("other", ["-f", t.dir / "trigger"]), ("recovery", ["-w", "1"]))
    for number, (mode, options) in enumerate(waits):
        source = t.m.segments[number]
        run = t.restore(source.name, *options, mode=mode, wait=False)
        t.later(0.8, lambda: os.utime(t.store(source, "gzip"), (1, 1)))
        run.wait(20).ok()
        check(run.seconds > 0.7, f"{mode} {options}: it did not wait")
        t.given(source)
        t.target.unlink()
    answers = (("recovery", []), ("standby", []), ("other", []), ("standby", ["-f", t.dir / "trigger"]),
               ("standby", ["-w", "9"]), ("recovery", ["-sr", "-f", t.dir / "trigger"]),
               ("recovery", ["--no-wait", "-w", "9"]), ("recovery", ["--streaming-replication"]))
    for mode, options in answers:
        t.restore(t.m.segments[7].name, *options, mode=mode).gives(1).within(5)
    t.restore("00000002.history", "--wait", target=t.pg_wal / "RECOVERYHISTORY").gives(1).within(5)


@case("O05b", "every wait of a standby ends with 2 as soon as it is to be promoted")
def promotion(t):
    t.mark()
    stored = t.store(t.m.segments[1])
    for name, options in ((t.m.segments[2].name, ["--wait"]),
                          (t.m.segments[1].name, ["--recovery-delay", 500])):
        os.utime(stored)
        run = t.restore(name, *options, mode="standby", wait=False)
        t.later(0.8, (t.data / "promote").touch)
        run.wait(15).gives(1, 2)
        check(0.7 < run.seconds < 8, f"it ended after {run.seconds:.1f} s")
        t.not_given()
        (t.data / "promote").unlink()


# --- answers that a DBA chooses

@case("O11", "--partial=allow: only at the very end of its timeline, and never by default")
def partial(t):
    t.mark()
    t.store(t.m.partial, "zstd")
    name = t.m.partial.name.removesuffix(".partial")
    for mode in MODES:
        t.restore(name, mode=mode).gives(1)
        t.restore(name, "--partial=allow", mode=mode).ok().says(t.m.partial.name)
        t.given(t.m.partial)
        t.target.unlink()
    # A full segment later on this timeline: this one was not its end.
    after = f"{name[:16]}{int(name[16:], 16) + 1:08X}"
    stored = t.store(t.m.segments[1], name=after, content=wal.with_header(
        t.m.segments[1].read_bytes(), address=wal.header(t.m.partial.read_bytes())["address"] + wal.MEGABYTE))
    t.refuses(name, "recovery", "--partial=allow")
    stored.unlink()
    # The full one wins.
    t.store(t.m.partial, "gzip", name=name)
    t.restore(name, "--partial", "allow").ok()
    check(t.m.partial.name not in t.restore(name, "--partial", "allow").text, "the .partial was taken")


@case("O12", "--gap end ends recovery at a hole, on purpose")
def gap_end(t):
    t.store(t.m.segments[3])
    t.refuses(t.m.segments[1].name, "recovery", words=["--gap end", t.m.segments[3].name])
    t.refuses(t.m.segments[1].name, "recovery", "--gap", "stop")
    t.restore(t.m.segments[1].name, "--gap", "end").gives(1)
    t.dst.chmod(0)
    t.refuses(t.m.segments[1].name, "recovery", "--gap", "end")
    t.dst.chmod(0o700)


@case("O13", "--until ends recovery behind its segment, along its timeline, and tells nobody else that there is no more")
def until(t):
    for segment in t.m.segments[:3]:
        t.store(segment)
    last = t.m.segments[1].name
    t.refuses(last, "recovery", "--until", "nonsense")
    t.restore(last, "--until", last).gives(0)
    for behind in (t.m.segments[2].name, "00000002" + t.m.segments[0].name[8:]):
        t.restore(behind, "--until", last).gives(1)
        for mode in ("standby", "other"):
            t.restore(behind, "--until", last, mode=mode).gives(2)
    t.restore("00000002.history", "--until", last).gives(1)


@case("O14", "--on-error again or stop overrides the answer of every failure, not that of an absent file")
def on_error(t):
    t.mark()
    for mode in (*MODES, "other"):
        for word, status in (("again", 2), ("stop", 200)):
            t.restore(t.m.segments[1].name, "--on-error", word, mode=mode,
                      sources=[t.dir / "none"]).gives(status)
            t.restore("nonsense", "--on-error", word, mode=mode).gives(status)
            t.restore(t.m.segments[1].name, "--on-error", word, mode=mode).gives(1)


@case("O15",
      "two forms of one segment: both good and different is an error that names both; one damaged: the other")
def two_forms(t):
    source = t.m.segments[1]
    first, second = t.store(source, "gzip"), t.store(source, "zstd")
    for mode in MODES:
        t.restore(source.name, mode=mode).ok()
        t.given(source)
        t.target.unlink()
    other = bytearray(source.read_bytes())
    other[len(other) // 2] ^= 1
    t.store(source, "zstd", content=bytes(other))
    for mode in MODES:
        t.refuses(source.name, mode, words=[first, second])
    t.restore(source.name, sources=[f"gzip={t.dst}"]).ok()  # the DBA's choice
    t.given(source)
    t.target.unlink()
    first.write_bytes(first.read_bytes()[:500])
    for mode in MODES:
        t.restore(source.name, mode=mode).ok().says(first)
        check(t.target.read_bytes() == bytes(other), "other bytes")
        t.target.unlink()


@case("O16", "an OmniPITR command line works as it stands")
def as_it_was(t):
    needed = wal.header(t.m.segments[1].read_bytes())["address"] + 0x28
    wal.patch_control(t.data / "global/pg_control", redo=needed, timeline=1)
    t.store(t.m.segments[1], "gzip")
    words = ["-D", t.data, "-s", f"gzip={t.dst}", "-sr", "-r", "-p", t.dir / "pause", "-rt", "5", "-rb",
             "-t", t.dir,
             "-ep", "hang", "-l", t.dir / "log-^Y-^m-^d", "-v", "-gp", "/bin/gzip", "-pp", "pg_controldata"]
    t._run([RESTORE, *words, t.m.segments[1].name, t.target], True, 30, {}).ok()
    t.given(t.m.segments[1])
    t.mark()
    path = t.segment(2)
    t.archive(path, "-t", t.dir, "-nn", "-PJ", "2", "-l", t.dir / "log-^Y", "-v", "-gp", "/bin/gzip", "-np",
              "nice",
              "-rp", "rsync").ok()
