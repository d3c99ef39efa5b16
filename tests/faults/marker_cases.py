"""The marker pitr-archive.id: an unmounted disk is an error and no empty archive, another cluster's archive
is refused. The rules stand in the design, "On disk"."""

import shutil

import material as wal
import traces
from fuse_fs import FuseMount
from registry import case, check, each
from world import MARKER, MODES


def marker(place):
    return (place / MARKER).read_text()


@case("M01", "--init marks an existing directory, also one that holds this cluster's WAL, and says so again")
def init(t):
    for codec in (None, "zstd"):
        if codec:
            (t.dst / MARKER).unlink()
            t.store(t.m.segments[3], codec)
        t.archive("--init", state=False).ok().says(t.dst, wal.system_identifier(t.data))
        check(str(wal.system_identifier(t.data)) in marker(t.dst), f"the marker says {marker(t.dst)}")
        t.archive("--init", state=False).ok()
        path = t.segment()
        t.archive(path, state=False).ok()
        t.holds(path)
        t.no_litter()
        t.forms(path.name)[0].unlink()


@case("M02", "unmarked and not empty: refused, the message has the --init command, nothing is changed")
def not_empty(t):
    for name in ("something", t.m.segments[5].name, "notes.txt"):
        (t.dst / name).write_text("mine")
        for state in (True, False):
            t.archive(t.segment(), state=state).fails().says(t.dst, f"pitr-archive --init -dl {t.dst}")
        check([path.name for path in t.dst.iterdir()] == [name], "the directory was changed")
        (t.dst / name).unlink()


@case("M03", "marked before and empty now: its disk is not mounted; refused, nothing is written")
def unmounted(t):
    t.archive(t.segment()).ok()
    mounted = t.dst.rename(t.dir / "elsewhere")
    t.dst.mkdir()
    t.archive(t.segment(2)).fails().says(t.dst, "mounted")
    check(not list(t.dst.iterdir()), "the directory below the mount was written")
    t.dst.rmdir()
    mounted.rename(t.dst)
    t.rerun(t.segment(2))


@case("M04", "another cluster's marker: refused, both named, --init does not help")
def other_cluster(t):
    t.mark(system=4711)
    before = marker(t.dst)
    t.fails_clean(t.segment()).says("4711", wal.system_identifier(t.data))
    t.archive("--init").fails().says("4711")
    check(marker(t.dst) == before, "the marker was changed")


@case("M05", "neither marker nor state directory: refused, the message has the --init command")
def no_state(t):
    t.fails_clean(t.segment(), state=False).says(f"pitr-archive --init -dl {t.dst}")
    check(not list(t.dst.iterdir()), "something was created")


@case("M06",
      "the first archiving marks an empty directory: lost+found, .snapshot, temporary files do not count")
def first(t):
    for name in ("lost+found", ".snapshot"):
        (t.dst / name).mkdir()
    (t.dst / "000000010000000000000001.tmp.0").touch()
    path = t.segment()
    t.archive(path).ok()
    t.holds(path)
    check(str(wal.system_identifier(t.data)) in marker(t.dst), "no marker")


@case("M06b", "--init says how files will get their names, and leaves nothing of its try")
def publishing(t):
    t.archive("--init").ok().says("by link()")
    t.no_litter()
    for name, flags, word in (("fuse1", True, "without replacing"), ("fuse2", False, "under a lock")):
        fuse = FuseMount(t.dir / name, links=False, rename_flags=flags)
        t.closing.append(fuse.close)
        t.archive("--init", places=[fuse.path]).ok().says(word)
        check([path.name for path in fuse.path.iterdir()] == [MARKER], "something is left")


@case("M07", "--init never creates the directory")
def init_missing(t):
    t.dst.rmdir()
    t.archive("--init").fails().says(t.dst)
    check(not t.dst.exists(), "it was created")


@case("M08", "--init of a directory that holds another cluster's WAL: refused")
def init_foreign(t):
    t.store(t.m.segments[3], "gzip", content=wal.with_header(t.m.segments[3].read_bytes(), system=4711))
    t.archive("--init").fails().says("4711")
    check(not (t.dst / MARKER).exists(), "it was marked")


@each("a damaged marker ({}): refused and named, by archiving, --init and restoring", M09="empty",
      M09b="half",
      M09c="garbage", M09d="huge", M09e="a symbolic link")
def damaged(t, kind):
    t.archive(t.segment()).ok()
    good = marker(t.dst)
    content = {"empty": "", "half": good[:len(good) // 2], "garbage": "\x00\x7f" * 50,
               "huge": good + "#" * (1 << 20),
               "a symbolic link": good}[kind]
    (t.dst / MARKER).unlink()
    if kind == "a symbolic link":
        (t.dir / "victim").write_text(content)
        (t.dst / MARKER).symlink_to(t.dir / "victim")
    else:
        (t.dst / MARKER).write_text(content)
    t.archive(t.segment(2)).fails().says(MARKER)
    t.archive("--init").fails().says(MARKER)
    t.has_not(t.m.segments[2].name)
    for mode in MODES:
        # A segment says whose it is; only absence needs the marker.
        t.restore(t.m.segments[1].name, mode=mode).gives(0)
        t.target.unlink()
        t.refuses(t.m.segments[2].name, mode, words=[MARKER])


@case("M10", "the memory of the state directory is rebuilt: lost, or never written because of a kill")
def memory(t):
    trace = t.dir / "trace"
    t.archive(t.segment(0), prefix=traces.recording(trace, traces.CHANGING)).ok()
    points = [point for point in traces.points(trace) if point.call not in ("openat", "write")]
    for point in [None, *points]:
        shutil.rmtree(t.state)
        t.state.mkdir()
        for path in t.dst.iterdir():
            if point or path.name != MARKER:
                path.unlink()
        if point:
            t.archive(t.segment(0), prefix=traces.strike(trace, point, "signal=KILL")).gives(137)
        t.archive(t.segment(1)).ok()
        mounted = t.dst.rename(t.dir / "elsewhere")
        t.dst.mkdir()
        run = t.archive(t.segment(2))
        check(run.status != 0 and not list(t.dst.iterdir()),
              f"after a kill at {point} an unmounted disk is not seen: {run}")
        t.dst.rmdir()
        mounted.rename(t.dst)


@case("M11",
      "restore without a marker: a segment of this cluster proves the archive, an empty place nothing")
def restore_unmarked(t):
    for mode in MODES:
        t.refuses(t.m.segments[1].name, mode, words=[t.dst])
        t.refuses("00000002.history", mode, words=[t.dst], target=t.pg_wal / "RECOVERYHISTORY")
        stored = t.store(t.m.segments[3], "zstd")
        t.restore(t.m.segments[4].name, mode=mode).gives(1)
        t.restore("00000002.history", mode=mode, target=t.pg_wal / "RECOVERYHISTORY").gives(1)
        t.not_given()
        stored.unlink()


@case("M12",
      "restore with another cluster's marker: nothing is absent there, and no history comes from there")
def restore_foreign(t):
    t.mark(system=4711)
    t.store(t.m.history)
    for mode in MODES:
        t.refuses(t.m.segments[1].name, mode, words=["4711"])
        t.refuses(t.m.history.name, mode, words=["4711"], target=t.pg_wal / "RECOVERYHISTORY")
        t.store(t.m.segments[3], content=wal.with_header(t.m.segments[3].read_bytes(), system=4711))
        (t.dst / MARKER).unlink()
        t.refuses(t.m.segments[1].name, mode, words=["4711"])
        (t.dst / t.m.segments[3].name).unlink()
        t.mark(system=4711)


@case("M13", "a marked and empty archive: absent, exit 1")
def restore_empty(t):
    t.mark()
    for mode in (*MODES, "other"):
        t.restore(t.m.segments[1].name, mode=mode).gives(1).within(10)
        t.not_given()


@case("M14", "a marker with another segment size: refused")
def other_size(t):
    t.mark(size=16 * wal.MEGABYTE)
    t.fails_clean(t.segment())


@case("M15", "--no-header-check: name and size are still checked, the rest is not looked at")
def no_header_check(t):
    t.mark()
    path = t.put(t.m.segments[1], content=bytes(range(256)) * 4096)
    t.fails_clean(path)
    t.archive(path, "--no-header-check").ok()
    t.holds(path)
    odd = t.put(t.m.segments[2], content=bytes(range(256)) * 4097)
    t.archive(odd, "--no-header-check").fails()
    t.has_not(odd.name)
    t.archive(t.put(t.m.segments[3], name="foo"), "--no-header-check").fails()


@case("M16",
      "an unknown magic is archived with a warning when the rest is right; a known wrong one is refused")
def magics(t):
    content = t.m.segments[1].read_bytes()
    t.mark()
    unknown = t.put(t.m.segments[1], content=wal.with_header(content, magic=0xD999))
    t.archive(unknown).ok().says("D999")
    t.holds(unknown)
    other = t.put(t.m.segments[2], content=wal.with_header(t.m.segments[2].read_bytes(), magic=0xD093))
    t.archive(other).fails().says("9.6")
    t.has_not(other.name)
