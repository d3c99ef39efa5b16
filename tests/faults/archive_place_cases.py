"""pitr-archive: destinations, several of them, and the surroundings of the process."""

import os
import pathlib
import resource
import signal
import stat

import material as wal
import sandbox
import traces
from program import environment
from registry import case, check, each, wait_until


@case("A26", "the destination is missing (not mounted): refused, not created")
def missing(t):
    path = t.segment()
    t.dst.rmdir()
    for options in ((), ("--init",)):
        t.archive(path, *options).fails().says(t.dst)
        check(not t.dst.exists(), "the directory was created: it would fill the disk below")
    t.archive(path, places=[t.dst / "sub"]).fails()
    check(not t.dst.exists(), "the parent was created")


@case("A27", "the destination is a file")
def is_a_file(t):
    t.dst.rmdir()
    t.dst.write_text("mine")
    t.archive(t.segment()).fails().says(t.dst)
    check(t.dst.read_text() == "mine", "the file was changed")


@case("A28", "no right to write into the destination")
def no_right(t):
    path = t.segment()
    t.mark()
    t.dst.chmod(0o500)
    t.fails_clean(path).says("ermission denied", t.dst)
    t.dst.chmod(0o000)
    t.archive(path).fails().says("ermission denied", t.dst)
    t.dst.chmod(0o700)
    t.rerun(path)


@case("A29", "the destination is mounted read-only")
def read_only(t):
    path = t.segment()
    t.mark()
    t.mounted(sandbox.mount_read_only, t.dst)
    t.fails_clean(path).says("ead-only file system")
    sandbox.unmount(t.dst)
    t.rerun(path)


def free_bytes(path):
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


@each("a real full disk, codec {}: clean, the space returns", A30="none", A31="zstd")
def full_disk(t, codec):
    content = bytearray(t.m.segments[1].read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    path = t.put(t.m.segments[1], content=bytes(content))
    t.mounted(sandbox.mount_memory, t.dst, "256k")
    t.mark()
    before = free_bytes(t.dst)
    t.fails_clean(path, places=[f"{codec}={t.dst}"]).says("o space left", t.dst)
    check(free_bytes(t.dst) == before, "the space did not return")
    sandbox.grow_memory(t.dst, "8m")
    t.archive(path, places=[f"{codec}={t.dst}"]).ok()
    t.holds(path)
    t.no_litter()


@case("A32", "the state directory or $TMPDIR is full or unwritable: the file is stored")
def full_state(t):
    t.mark()
    t.mounted(sandbox.mount_memory, t.state, "4k")
    temporary = t.dir / "tmp"
    temporary.mkdir()
    t.mounted(sandbox.mount_memory, temporary, "4k")
    for number, place in enumerate((t.state, temporary)):
        (place / "full").write_bytes(bytes(4096 - number))
    t.rerun(t.segment(1), env=environment(TMPDIR=temporary))
    sandbox.unmount(t.state)
    t.state.chmod(0o000)
    path = t.segment(2)
    t.archive(path).ok()
    t.holds(path)
    t.state.chmod(0o700)


@case("A35", "umask 000: nothing is open to others, and a 0750 data directory gives 0640")
def umask(t):
    for number, (mode, wanted) in enumerate(((0o700, 0o600), (0o750, 0o640))):
        t.data.chmod(mode)
        path, state = t.segment(number), t.dir / f"state{number}"
        place = t.dir / f"place{number}"
        place.mkdir()
        t.archive(path, "-s", state, places=[place], state=False, umask=0).ok()
        found = {file.name: stat.S_IMODE(file.stat().st_mode) for file in place.iterdir()}
        check(set(found.values()) == {wanted}, f"modes {found}")
        check(stat.S_IMODE(state.stat().st_mode) & 0o027 == 0 or mode == 0o750, "the state directory is open")


@case("A36", "standard descriptors closed: no log text in the WAL")
def closed_descriptors(t):
    for number, closed in enumerate(((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))):
        path = t.segment(number)
        t.archive(path, "-v", places=[f"zstd={t.dst}"], closed=closed).ok()
        t.holds(path)
    t.archive(t.another(path), closed=(0, 1, 2)).gives(1)


@case("A37", "stdout and stderr are /dev/full")
def full_descriptors(t):
    with open("/dev/full", "wb") as full:
        path = t.segment()
        t.archive(path, "-v", output=full).ok()
        t.holds(path)
        t.archive(t.another(path), output=full).gives(1)


@case("A38", "a file size limit of 64 kB: an error, not a death by SIGXFSZ")
def size_limit(t):
    path = t.segment()
    t.mark()
    t.fails_clean(path, limits=[(resource.RLIMIT_FSIZE, 65536)]).says("oo large")
    t.rerun(path)


@case("A39", "few descriptors: stored, or clean")
def few_descriptors(t):
    t.mark()
    path = t.segment()
    outcomes = set()
    for limit in range(3, 13):
        run = t.archive(path, places=[f"zstd={t.dst}"], limits=[(resource.RLIMIT_NOFILE, limit)])
        t.right_or_absent(path)
        t.no_litter()
        if run.status != 0 and limit > 4:  # below, the loader itself cannot start
            run.fails()
        outcomes.add(run.status == 0)
        for form in t.forms(path.name):
            form.unlink()
    check(outcomes == {True, False}, "the limit was never, or always, too low")
    t.rerun(path)


@case("A40", "an empty environment, another working directory")
def empty_environment(t):
    path = t.segment()
    t.archive(path, env={}, cwd="/").ok()
    t.holds(path)


# --- several destinations

@case("A65", "two destinations, two codecs: 0 only with both")
def both(t):
    path = t.segment()
    t.archive(path, places=[f"zstd={t.dst}", f"gzip={t.dst2}"]).ok()
    t.holds(path, t.dst, t.dst2)


@case("A66", "the second destination is unwritable: the first gets its file, the retry completes")
def second_unwritable(t):
    for place in (t.dst, t.dst2):
        t.mark(place)
    path = t.segment()
    t.dst2.chmod(0o500)
    t.archive(path, places=[t.dst, t.dst2]).fails().says(t.dst2, "ermission denied")
    t.holds(path, t.dst)
    t.has_not(path.name, t.dst2)
    t.dst2.chmod(0o700)
    t.rerun(path, places=[t.dst, t.dst2])
    # Both at once: both are named.
    t.dst.chmod(0o500)
    t.dst2.chmod(0o500)
    t.archive(t.segment(2), places=[t.dst, f"lz4={t.dst2}"]).fails().says(t.dst, t.dst2)


@case("A67", "the second destination holds other bytes: non-zero every time, the first is complete")
def second_differs(t):
    path = t.segment()
    original = path.read_bytes()
    t.mark(t.dst2)
    stored = t.store(t.another(path), place=t.dst2)
    path.write_bytes(original)
    for _ in range(3):
        t.archive(path, places=[t.dst, t.dst2]).fails().says(stored)
    t.holds(path, t.dst)
    check(not t.is_right(path, t.dst2), "the differing file was replaced")


@case("A68", "the first destination's copy vanishes between try and retry: looked at, not believed")
def vanished(t):
    t.mark(t.dst2)
    path = t.segment()
    t.dst2.chmod(0o500)
    t.archive(path, places=[t.dst, t.dst2]).fails()
    t.holds(path, t.dst)
    t.forms(path.name)[0].unlink()
    t.dst2.chmod(0o700)
    t.archive(path, places=[t.dst, t.dst2]).ok()
    t.holds(path, t.dst, t.dst2)


@case("A69", "the state is empty, garbage, or no file: never wedged")
def broken_state(t):
    for number, content in enumerate((b"", b"\0\xff" * 5000, None)):
        t.archive(t.segment(2 * number)).ok()
        files = [path for path in t.state.rglob("*") if path.is_file()]
        check(files or number == 2, "there is no state to break")
        for file in files:
            file.unlink()
            if content is None:
                file.mkdir()
            else:
                file.write_bytes(content)
        path = t.segment(2 * number + 1)
        t.archive(path).ok()
        t.holds(path)


# --- what an archiver is expected not to do

@case("D01",
      "no early 0, nothing dropped: every call under a broken destination fails, nothing works on behind it")
def no_queue(t):
    t.mark()
    t.dst.chmod(0o500)
    for number in range(8):
        run = t.archive(t.segment(number)).fails()
        check(not os.path.exists(f"/proc/{run.process.pid}"), "the process lives on")
    t.dst.chmod(0o700)
    for number in range(8):
        check(not t.forms(t.m.segments[number].name), "stored behind the back of the caller")


@case("D04", "no compressor child whose death could go unseen")
def no_children(t):
    path, trace = t.segment(), t.dir / "trace"
    for codec in wal.SUFFIXES:
        place = t.dir / codec
        place.mkdir()
        t.archive(path, places=[f"{codec}={place}"], prefix=traces.recording(trace, "execve fork vfork")).ok()
        started = [call for _, call, rest in traces.read(trace) if not rest.startswith("resumed")]
        check(started == ["execve"], f"{codec}: {started}")


@case("D05", "the clock jumps a day back and forth: no effect")
def clock(t):
    count = t.dir / "count"
    path = t.segment()
    fault = {"LD_PRELOAD": t.m.shim, "FAULT": "clock", "FAULT_COUNT": count}
    t.archive(path, "-v", "--log", t.dir / "log", env=environment(**fault)).ok()
    t.holds(path)
    t.no_litter()
    check(int(count.read_text()) > 0, "the clock was never asked")
    for mode, status in (("recovery", 200), ("standby", 2)):
        missing = t.dir / "not-mounted"
        t.restore(path.name, mode=mode, sources=[missing], retry=2,
                  env=environment(**fault)).gives(status).within(15)


def fill(directory):
    """Until there is no room for a single byte."""
    with (directory / "filling").open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                pass


@case("A97", "--pid-file on a full disk: the lock is had all the same, and the file is archived")
def full_pid_file(t):
    small = t.dir / "small"
    small.mkdir()
    t.mounted(sandbox.mount_memory, small, "256k")
    fill(small)
    t.mark()
    path = t.segment()
    t.archive(path, "--pid-file", small / "pid").ok()
    t.holds(path)
    check(not (small / "pid").exists(), "the lock file stays")


@case("A98", "a full spool disk is emptied by --flush; one that is not mounted is missed")
def full_spool(t):
    spool, path = t.dir / "spool", t.segment()
    queue = spool / str(t.dst2).replace("/", "%2F")
    spool.mkdir()
    t.mounted(sandbox.mount_memory, spool, "4m")
    options = ("--spool-dir", spool, "--require", "any")
    places = [t.dst, t.dst2]
    for place in places:
        t.mark(place)
    t.archive("--flush", *options, places=places).ok()
    queue.mkdir()
    (queue / path.name).write_bytes(path.read_bytes())
    fill(spool)
    t.archive("--flush", *options, places=places).ok()
    t.holds(path, t.dst2)
    check(not any(queue.iterdir()), "it waits still")
    sandbox.unmount(spool)
    t.archive("--flush", *options, places=places).fails().says(spool, "is its disk mounted?")
    t.archive(path, *options, places=places).fails().says(spool, "is its disk mounted?")


# --- what goes on in the background

class Spooling:
    """A spool, with the last of the places out of order: what waits for it is tried in the background."""

    def __init__(self, t, places):
        self.t, self.places, self.spool, self.log = t, places, t.dir / "spool", t.dir / "log"
        for place in places:
            place.mkdir(exist_ok=True)
            t.mark(place)
        t.closing.append(self.end)

    def archive(self, path, *options):
        return self.t.archive(path, *options, "--log", self.log, "--spool-dir", self.spool, "--require", "any",
                              places=self.places)

    def queue(self):
        return {path.name for path in (self.spool / str(self.places[-1]).replace("/", "%2F")).iterdir()}

    def workers(self):
        found = []
        for process in pathlib.Path("/proc").iterdir():
            try:
                if process.name.isdigit() and str(self.spool) in (process / "cmdline").read_text():
                    found.append(int(process.name))
            except OSError:
                pass  # it has ended meanwhile
        return found

    def wait_for_word(self, *words):
        """Of the one in the background."""
        wait_until(f"a word of {words}", lambda: any(word in self.log.read_text() for word in words))

    def end(self):
        with sandbox.as_root():
            for worker in self.workers():
                os.kill(worker, signal.SIGTERM)
        wait_until("the worker ends", lambda: not self.workers())


@each("other bytes at the last {}: what waits for it is not compared with itself in the background, and stays",
      A99="of three destinations", A99a="of two destinations, with a log that is open")
def compared_with_itself(t, which):
    # Where the descriptors of the call were: those of whoever works in the background begin there.
    two = which.startswith("of two")
    spooling = Spooling(t, [t.dst, t.dst2] if two else [t.dst, t.dir / "archive3", t.dst2])
    path = t.segment()
    for place in spooling.places[:-1]:
        t.store(path, place=place)
    original = path.read_bytes()
    t.store(t.another(path), place=t.dst2)
    path.write_bytes(original)
    spooling.archive(path, *(["-v"] if two else [])).ok()
    spooling.wait_for_word(f"deliver {path.name} to {t.dst2}", f"are at {t.dst2}")
    check(spooling.queue() == {path.name}, f"its queue holds {spooling.queue()}")
    check(not t.is_right(path, t.dst2), "the differing file was replaced")


@case("A99b", "one works in the background, however many calls there are, and keeps no directory of theirs")
def one_worker(t):
    spooling = Spooling(t, [t.dst, t.dst2])
    t.dst2.chmod(0o500)
    spooling.archive(t.segment(0), "-v").ok()
    spooling.wait_for_word("deliver 0")
    for number in range(1, 6):
        spooling.archive(t.segment(number), "-v").ok()
        check(len(spooling.workers()) == 1, f"workers: {spooling.workers()}")
    with sandbox.as_root():
        worker = pathlib.Path(f"/proc/{spooling.workers()[0]}")
        check(str((worker / "cwd").readlink()) == "/", f"it works in {(worker / 'cwd').readlink()}")
    t.dst2.chmod(0o700)
    wait_until("all is delivered", lambda: not spooling.workers() and not spooling.queue(), 60)
    t.holds(t.pg_wal / t.m.segments[5].name, t.dst2)
