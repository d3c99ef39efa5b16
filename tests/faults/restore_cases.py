"""pitr-restore: what is handed over, what is absent, and who is told what. 0 complete and verified, 1 proven
absent, every other failure 200 under recovery.signal and 2 for a standby."""

import shutil

import material as wal
from program import RESTORE
from registry import case, check, each
from world import FAILURE, MODES


@case("R01", "a segment, in every codec and mode: right, nothing else in pg_wal")
def segment(t):
    for codec in wal.SUFFIXES:
        for number, mode in enumerate((*MODES, "other")):
            source = t.m.segments[number]
            stored = t.store(source, codec)
            t.restore(source.name, mode=mode).ok()
            t.given(source)
            stored.unlink()


@each("a .{} file", R02="history", R03="backup")
def other_kinds(t, kind):
    source, target = getattr(t.m, kind), t.pg_wal / "RECOVERYHISTORY"
    t.mark()
    for codec in ("none", "zstd"):
        t.store(source, codec)
        for mode in MODES:
            t.restore(source.name, mode=mode, target=target).ok()
            t.given(source, target)
            target.unlink()
        (t.dst / (source.name + wal.SUFFIXES[codec])).unlink()


@each("an absent {}: exit 1, quickly and quietly", R04="segment", R05="history")
def absent(t, kind):
    t.store(t.m.segments[0], "zstd")
    name = t.m.segments[1].name if kind == "segment" else "00000002.history"
    for mode in (*MODES, "other"):
        for sources in ([t.dst], [f"gzip={t.dst}"]):
            run = t.restore(name, mode=mode, sources=sources).gives(1).within(10)
            check(not run.text, f"not quiet: {run}")
            t.not_given()


@case("R06", "only the .partial is there: exit 1")
def only_partial(t):
    t.store(t.m.segments[0])
    t.store(t.m.partial, "zstd")
    for mode in MODES:
        t.restore(t.m.partial.name.removesuffix(".partial"), mode=mode).gives(1)
        t.not_given()


@each("a hole, {} segment behind it: an error in recovery; a standby asks again",
      R07="the next", R08="a far compressed")
def gap(t, kind):
    later = t.m.segments[2 if kind == "the next" else 7]
    t.store(later, "none" if kind == "the next" else "xz")
    t.refuses(t.m.segments[1].name, "recovery", words=[later.name, "--gap end"])
    # 1 and 2 are the same to a standby; it must neither stop nor get something.
    t.restore(t.m.segments[1].name, mode="standby").gives(1, 2)
    t.not_given()
    # Another timeline's segments are no sign of a hole, nor is anything that is no segment.
    (t.dst / later.name).unlink(missing_ok=True)
    (t.dst / (later.name + ".xz")).unlink(missing_ok=True)
    t.store(t.m.segments[0])
    t.store(t.m.child)
    t.store(t.m.partial)
    (t.dst / f"{later.name}.tmp.0").touch()
    t.restore(t.m.segments[1].name).gives(1)


@case("R07b",
      "a hole whose segment lies in pg_wal: exit 1, PostgreSQL takes its own; a foreign file there is none")
def gap_in_pg_wal(t):
    t.store(t.m.segments[2])
    t.segment(1)
    t.restore(t.m.segments[1].name).gives(1)
    t.put(t.m.segments[1], content=t.m.segments[3].read_bytes())
    t.refuses(t.m.segments[1].name, "recovery", words=["--gap end"])
    t.put(t.m.segments[1], content=wal.with_header(t.m.segments[1].read_bytes(), system=4711))
    t.refuses(t.m.segments[1].name, "recovery", words=["--gap end"])


@case("R09", "segments of 16 MB; the other size is refused by name")
def sizes(t):
    t.use_cluster(t.m.large)
    t.store(t.m.large_segment, "zstd")
    t.restore(t.m.large_segment.name).ok()
    t.given(t.m.large_segment)


# --- the place

@each("the archive is missing (not mounted), {}", R30="recovery", R31="standby")
def missing(t, mode):
    t.dst.rmdir()
    t.refuses(t.m.segments[1].name, mode, words=[t.dst])
    t.refuses("00000002.history", mode, words=[t.dst], target=t.pg_wal / "RECOVERYHISTORY")
    t.dst.write_text("a file")
    t.refuses(t.m.segments[1].name, mode, words=[t.dst])


@case("R30b", "retried inside the call, with growing pauses, until the archive comes back")
def comes_back(t):
    source = t.m.segments[1]
    t.store(source, "zstd")
    away = t.dst.rename(t.dir / "away")
    t.restore(source.name, retry=2).gives(200).within(10)
    run = t.restore(source.name, retry=60, wait=False)
    t.later(1.2, lambda: away.rename(t.dst))
    run.wait(30).ok()
    t.given(source)
    check(run.seconds > 1, "it did not wait")
    # The file, too, may be repaired while the call retries.
    stored = t.dst / (source.name + ".zst")
    good = stored.read_bytes()
    stored.write_bytes(good[:-100])
    run = t.restore(source.name, retry=60, wait=False)
    t.later(1.2, lambda: stored.write_bytes(good))
    run.wait(30).ok()
    t.given(source)


@case("R31b", "a standby never waits for what it cannot look up: 2 at once, whatever --retry-time")
def standby_is_quick(t):
    t.dst.rmdir()
    for mode in ("standby", "other"):
        t.restore(t.m.segments[1].name, mode=mode, retry=60).gives(2).within(5)
    (t.data / "recovery.signal").touch()
    (t.data / "standby.signal").touch()
    t.restore(t.m.segments[1].name, mode="keep", retry=60).gives(2).within(5)


@each("no right to read the {}", R32="archive", R33="file")
def no_right(t, kind):
    stored = t.store(t.m.segments[1])
    t.mark()
    (stored if kind == "file" else t.dst).chmod(0)
    for mode in MODES:
        t.refuses(t.m.segments[1].name, mode, words=["ermission denied"])
        if kind == "archive":
            t.refuses(t.m.segments[2].name, mode, words=["ermission denied"])
    # Listing forbidden, looking allowed: a hole cannot be ruled out.
    if kind == "archive":
        t.dst.chmod(0o300)
        t.refuses(t.m.segments[2].name, "recovery", words=["ermission denied"])
    t.dst.chmod(0o700)


# --- the command line

@case("R35", "an unknown or wrong option: never 1, which would promote")
def wrong_option(t):
    t.store(t.m.segments[1])
    wrong = (["--bogus"], ["--sorce", t.dst], ["-x"], ["--retry-time=-1"], ["--gap=maybe"],
             ["--partial", "perhaps"],
             ["-s", ""], ["-s", f"zst={t.dst}"], ["--on-error", "ignore"], ["-w", "soon"],
             ["--wait", "--no-wait"], ["--config-file", t.dir / "none"], ["-s", t.dst], ["--data-di", "x"])
    for options in wrong:
        for mode in MODES:
            t.refuses(t.m.segments[1].name, mode, *options)
    t.refuses(t.m.segments[1].name, "recovery", sources=["relative"])


@case("R36", "missing or too many arguments: never 1")
def missing_arguments(t):
    t.store(t.m.segments[1])
    name, target = t.m.segments[1].name, "pg_wal/RECOVERYXLOG"
    for mode in MODES:
        t.mode(mode)
        for words in ([], [name], ["-s", t.dst], ["-s", t.dst, name], ["-s"], [name, target],
                      ["-s", t.dst, name, target, "third"], ["-s", t.dst, "", ""], ["-s", t.dst, name, ""],
                      ["-s", t.dst, target, name], ["-s", t.dst, "%f", "%p"]):
            t._run([RESTORE, "--retry-time", "0", *words], True, 30, {}).gives(FAILURE[mode])
            t.not_given()
    (t.data / "recovery.conf").touch()
    for mode in MODES:
        t.refuses(name, mode, words=["recovery.conf"])


@each("%f is {!r}: refused, nothing copied, nothing executed", R40="../secret",
      R40b="../000000010000000000000007",
      R41="$(touch pwned)", R41b="000000010000000000000007; touch pwned", R41c="00000001000000000000000g")
def no_name(t, name):
    (t.dir / "secret").write_text("secret")
    shutil.copyfile(t.m.segments[1], t.dir / t.m.segments[1].name)
    t.store(t.m.segments[1])
    for mode in MODES:
        t.refuses(name, mode)
    check(not list(t.dir.rglob("pwned")), "a shell ran")


@case("R41d", "shell characters in places and in %p are data")
def shell_characters(t):
    place = t.dir / "a $(touch pwned) `touch pwned`; touch pwned '\""
    place.mkdir()
    t.store(t.m.segments[1], "zstd", place=place)
    target = place / "pg $(touch pwned)"
    t.restore(t.m.segments[1].name, sources=[place], target=target).ok()
    check(target.read_bytes() == t.m.segments[1].read_bytes(), "other bytes")
    check(not list(t.dir.rglob("pwned")), "a shell ran")


# --- the target

@case("R42", "a symbolic link at %p is replaced, its victim untouched")
def link_at_target(t):
    t.store(t.m.segments[1], "gzip")
    victim = t.dir / "victim"
    victim.write_text("mine")
    for mode in MODES:
        t.target.unlink(missing_ok=True)
        t.target.symlink_to(victim)
        t.restore(t.m.segments[1].name, mode=mode).ok()
        t.given(t.m.segments[1])
        check(victim.read_text() == "mine", "the victim was written")


@case("R43", "a stale, longer file at %p is replaced; a failure never leaves it looking fresh")
def stale_target(t):
    t.store(t.m.segments[1])
    t.target.write_bytes(bytes(3 * wal.MEGABYTE))
    t.restore(t.m.segments[1].name).ok()
    t.given(t.m.segments[1])


@case("R44", "standard descriptors closed or full: right")
def descriptors(t):
    t.store(t.m.segments[1], "zstd")
    for mode in MODES:
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            t.restore(t.m.segments[1].name, "-v", mode=mode, closed=closed).ok()
            t.given(t.m.segments[1])
            t.target.unlink()
        with open("/dev/full", "wb") as full:
            t.restore(t.m.segments[1].name, "-v", mode=mode, output=full).ok()
            t.given(t.m.segments[1])
            t.target.unlink()
            t.restore("nonsense", mode=mode, output=full).gives(FAILURE[mode])
