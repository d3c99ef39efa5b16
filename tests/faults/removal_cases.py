"""pitr-restore --remove-unneeded and what belongs to it."""

import hashlib

import material as wal
from program import RESTORE, environment
from registry import case, check
from world import FAILURE, MODES


def archive_of_eight(t, codec="zstd"):
    stored = [t.store(source, codec) for source in t.m.segments[:8]]
    t.store(t.m.history)
    t.store(t.m.child)
    (t.dst / "notes").touch()
    return stored


def numbers(t):
    """Which of the eight are left."""
    return [number for number in range(8) if t.forms(t.m.segments[number].name)]


def restore_removing(t, *words):
    options = [RESTORE, "-D", t.data, "-s", t.dst, "--retry-time", "0"]
    return t._run([*options, *words], True, 60, {})


@case("O06", "--remove-unneeded %r: strictly older ones go, the oldest first, three a call, nothing else")
def remove(t):
    archive_of_eight(t)
    name, kept = t.m.segments[6].name, t.m.segments[5].name
    restore_removing(t, "-r", kept, name, t.target).ok()
    t.given(t.m.segments[6])
    check(numbers(t) == [3, 4, 5, 6, 7], f"left: {numbers(t)}")
    restore_removing(t, name, t.target, "--remove-unneeded", "-rt", "1", kept).ok()
    check(numbers(t) == [4, 5, 6, 7], f"left: {numbers(t)}")
    for _ in range(3):
        restore_removing(t, "-r", kept, name, "pg_wal/RECOVERYXLOG").ok()
    check(numbers(t) == [5, 6, 7], f"left: {numbers(t)}")
    for name in (t.m.history.name, t.m.child.name, "notes"):
        check((t.dst / name).exists(), f"{name} was removed")


@case("O06b", "%r that is no segment: an error, nothing is removed")
def remove_wrong(t):
    archive_of_eight(t)
    for mode in MODES:
        t.mode(mode)
        for kept in ("nonsense", "00000002.history", "%r", t.m.segments[5].name + ".zst"):
            restore_removing(t, "-r", kept, t.m.segments[6].name, t.target).gives(FAILURE[mode])
    check(numbers(t) == list(range(8)), f"left: {numbers(t)}")
    t.not_given()


@case("O07", "without %r pg_control says it; a damaged one removes nothing and does not change the answer")
def remove_by_control(t):
    archive_of_eight(t)
    control = t.data / "global/pg_control"
    wal.patch_control(control, redo=wal.header(t.m.segments[2].read_bytes())["address"] + 0x28, timeline=1)
    restore_removing(t, "-r", "-ep", "break", t.m.segments[6].name, t.target).ok()
    check(numbers(t) == [2, 3, 4, 5, 6, 7], f"left: {numbers(t)}")


@case("O07b", "16 MB segments: names by real arithmetic")
def remove_large(t):
    t.use_cluster(t.m.large)
    control = t.data / "global/pg_control"
    wal.patch_control(control, redo=(1 << 32) + 0x28, timeline=1)  # 000000010000000100000000
    page = t.m.large_segment.read_bytes()
    stored = [t.store(t.m.large_segment, "lz4", name=name, content=wal.with_header(page, address=address))
              for name,
              address in (("0000000100000000000000FE", 0xFE << 24), ("0000000100000000000000FF", 0xFF << 24),
                                    ("000000010000000100000000", 1 << 32))]
    restore_removing(t, "-r", "000000010000000100000000", t.target).ok()
    check([path.exists() for path in stored] == [False, False, True], "the wrong ones are left")


@case("O08", "--remove-before removes first; without it nothing goes before the segment is in place")
def remove_before(t):
    archive_of_eight(t)
    kept, missing = t.m.segments[5].name, t.m.segments[9].name
    restore_removing(t, "-r", kept, missing, t.target).gives(1)
    check(numbers(t) == list(range(8)), "removed although nothing was restored")
    restore_removing(t, "-r", "-rb", kept, missing, t.target).gives(1)
    check(numbers(t) == [3, 4, 5, 6, 7], f"left: {numbers(t)}")


@case("O09", "--removal-pause-trigger: nothing is removed while the file exists")
def pause(t):
    archive_of_eight(t)
    trigger = t.dir / "pause"
    trigger.touch()
    words = ["-r", t.m.segments[5].name, t.m.segments[6].name, t.target, "-p", trigger]
    restore_removing(t, *words).ok()
    check(numbers(t) == list(range(8)), f"left: {numbers(t)}")
    trigger.unlink()
    restore_removing(t, *words).ok()
    check(numbers(t) == [3, 4, 5, 6, 7], f"left: {numbers(t)}")


@case("O10",
      "--pre-removal-processing gets pg_wal/NAME uncompressed; its failure keeps that one and later ones")
def processing(t):
    archive_of_eight(t)
    log, temporary = t.dir / "seen", t.dir / "tmp"
    temporary.mkdir()
    words = ["-r", t.m.segments[5].name, t.m.segments[6].name, t.target, "-t", temporary]
    restore_removing(t, *words, "-h", f"sha1sum >>{log}").ok()
    wanted = [f"{hashlib.sha1(source.read_bytes()).hexdigest()}  pg_wal/{source.name}"
              for source in t.m.segments[:3]]
    check(log.read_text().splitlines() == wanted, f"it saw {log.read_text()}")
    check(numbers(t) == [3, 4, 5, 6, 7], f"left: {numbers(t)}")
    restore_removing(t, *words, "-h", "false").ok()
    restore_removing(t, *words, "-h", "kill -9 $$;").ok()
    restore_removing(t, *words, "-h", "no-such-program").ok()
    check(numbers(t) == [3, 4, 5, 6, 7], f"left after failures: {numbers(t)}")
    check(not list(temporary.iterdir()), f"left in the temporary directory: {list(temporary.iterdir())}")
    t.dst.chmod(0o500)
    restore_removing(t, *words).ok()  # what cannot be removed does not change the answer
    t.dst.chmod(0o700)


@case("O10b", "a segment that somebody else removes meanwhile")
def processing_race(t):
    stored = archive_of_eight(t)
    words = ["-r", t.m.segments[5].name, t.m.segments[6].name, t.target, "-h", f"rm -f {stored[1]};:"]
    restore_removing(t, *words).ok()
    check(numbers(t) == [3, 4, 5, 6, 7], f"left: {numbers(t)}")


@case("O17", "$TMPDIR is the temporary directory when -t is not given; a missing one keeps the segments")
def temporary(t):
    archive_of_eight(t)
    words = [RESTORE, "-D", t.data, "-s", t.dst, "-r", t.m.segments[5].name, t.m.segments[6].name, t.target,
             "-h", "cat >/dev/null"]
    t._run(words, True, 30, {"env": environment(TMPDIR=t.dir / "none")}).ok().says("none")
    check(numbers(t) == list(range(8)), f"left: {numbers(t)}")
    t._run(words, True, 30, {"env": environment(TMPDIR=t.dir)}).ok()
    check(numbers(t) == [3, 4, 5, 6, 7], f"left: {numbers(t)}")
