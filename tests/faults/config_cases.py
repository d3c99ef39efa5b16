"""Configuration and operation of both programs."""

import os
import resource
import stat
import threading

import sandbox
from program import RESTORE, ROOT
from registry import case, check, each
from world import FAILURE, MODES

BAD_CONFIGS = {
    "an unknown key": b"bogus-key 1\n", "a switch with a value": b"verbose yes\n",
    "a key twice": b"state-dir /a\nstate-dir /b\n", "an empty value": b"log\n", "only blanks": b"log   \n",
    "a zero byte": b"log /tmp/a\0b\n", "a line of 1 MB": b"log /" + b"x" * (1 << 20) + b"\n",
    "UTF-8 in a key": "löcal /x\n".encode(), "a byte order mark": b"\xef\xbb\xbfverbose\n",
    "an unknown key behind CRLF": b"verbose\r\nbogus-key 1\r\n", "garbage": bytes(range(1, 256)),
}


@each("a config file with {}: refused, file and line named; restore 200 or 2",
      **{f"C01{chr(97 + i)}": name for i, name in enumerate(BAD_CONFIGS)})
def bad_config(t, name):
    config = t.dir / "config"
    config.write_bytes(BAD_CONFIGS[name])
    words = [config] if "1 MB" in name else [f"{config}:"]
    t.archive(t.segment(), "--config-file", config).fails().says(*words)
    t.has_not(t.m.segments[1].name)
    t.store(t.m.segments[1])
    for mode in MODES:
        # state-dir is an option of pitr-archive alone: unknown is as good a refusal as twice.
        t.refuses(t.m.segments[1].name, mode, "--config-file", config, words=words)


@case("C01z", "a good config file: comments, CRLF, UTF-8 values, both spellings")
def good_config(t):
    place = t.dir / "Straße"
    place.mkdir()
    config = t.dir / "config"
    lines = ["# comment", "", f"dst-local = zstd={place}", f"--state-dir {t.state}", "verbose"]
    config.write_bytes("\r\n".join(lines).encode() + b"\n")
    path = t.segment()
    t.archive(path, "--config-file", config, state=False).ok()
    t.holds(path, t.dst, place)


@case("C02", "a config file that everybody may write, a missing one, a FIFO, a directory: refused")
def unsafe_config(t):
    config = t.dir / "config"
    path = t.segment()
    t.store(t.m.segments[2])

    def refused():
        t.archive(path, "--config-file", config).fails().says(config)
        for mode in MODES:
            t.refuses(t.m.segments[2].name, mode, "--config-file", config, words=[config], seconds=10)

    config.write_text("verbose\n")
    config.chmod(0o666)
    refused()
    config.unlink()
    refused()
    os.mkfifo(config)
    refused()
    config.unlink()
    config.mkdir()
    refused()


@each("a destination that is {}: refused", C03="relative", C03b="inside the data directory",
      C03c="pg_wal itself",
      C03d="the staging directory", C03e="the data directory", C03f="a link into the data directory",
      C03g="given twice")
def bad_destination(t, kind):
    inside, link = t.data / "backup", t.dir / "link"
    inside.mkdir()
    link.symlink_to(inside)
    staging = t.dir / "staging"
    staging.mkdir()
    place = {"relative": "archive", "inside the data directory": inside, "pg_wal itself": t.pg_wal,
             "the staging directory": staging, "the data directory": t.data,
             "a link into the data directory": link,
             "given twice": t.dst}[kind]
    places = [place, f"gzip={place}"] if kind == "given twice" else [place]
    path = t.segment()
    before = sorted(t.data.rglob("*"))
    for what in (path, "--init"):
        t.archive(what, "-db", staging, places=places).fails().says(place)
    check(sorted(t.data.rglob("*")) == before and not list(staging.iterdir()), "something was written")


@each("the log {}: work goes on, and the word reaches stderr", C04="cannot be written", C04b="is full",
      C04c="is a directory", C04d="is a FIFO that nobody reads", C04e="is on a full disk")
def bad_log(t, kind):
    log = t.dir / "logs" / "log"
    log.parent.mkdir()
    if kind == "cannot be written":
        log.parent.chmod(0o500)
    elif kind == "is full":
        log = "/dev/full"
    elif kind == "is a directory":
        log.mkdir()
    elif kind == "is a FIFO that nobody reads":
        os.mkfifo(log)
    else:
        t.mounted(sandbox.mount_memory, log.parent, "4k")
        (log.parent / "full").write_bytes(bytes(4096))
    path = t.segment()
    t.archive(path, "--log", log, seconds=20).ok().says("log")
    t.holds(path)
    t.archive(t.another(path), "--log", log, seconds=20).fails().says(path.name, "exists with other content")
    for mode in MODES:
        t.restore(path.name, "--log", log, mode=mode, seconds=20).ok()
        t.target.unlink()
        t.restore("nonsense", "--log", log, mode=mode, seconds=20).gives(FAILURE[mode])


@case("C04f", "the log is rotated and its directory missing: it is written anew, closed to others")
def rotated_log(t):
    log = t.dir / "new" / "log"
    t.archive(t.segment(1), "--log", log).ok()
    check(t.m.segments[1].name in log.read_text(), "no line in the log")
    log.rename(log.with_suffix(".1"))
    t.archive(t.segment(2), "--log", log, umask=0).ok()
    check(t.m.segments[2].name in log.read_text() and stat.S_IMODE(log.stat().st_mode) & 0o027 == 0,
          "the new log")


@case("C05",
      "traps in the temporary directory (links, directories of others): nothing is written through them")
def planted(t):
    temporary, victim = t.dir / "tmp", t.dir / "victim"
    temporary.mkdir()
    victim.mkdir()
    t.mark()
    old = t.store(t.m.segments[0], "zstd")
    t.store(t.m.segments[5], "zstd")
    (temporary / "pg_wal").symlink_to(victim)
    options = ["-r", "-h", "cat >/dev/null", "-t", temporary]
    trace = t.dir / "trace"
    strace = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=openat,mkdir,mkdirat,link,linkat,symlink"]
    run = t._run([*strace, *removing(t, options)], True, 30, {}).ok()
    check(not list(victim.iterdir()) and (temporary / "pg_wal").is_symlink(), f"the trap was used: {run}")
    check(not old.exists() or "remov" in run.text, f"neither removed nor said: {run}")
    through = [line for line in trace.read_text().splitlines() if f'"{temporary}/pg_wal' in line
               and " = -1" not in line]
    check(not through, f"opened by a name that anybody can plant: {through}")


def removing(t, options):
    return [RESTORE, "-D", t.data, "-s", t.dst, "--retry-time", "0", *options, t.m.segments[4].name,
            t.m.segments[5].name, t.target]


@case("C06", "run by root for another user's cluster: nothing is left that is root's")
def as_root(t):
    sandbox.need_root("to be root")
    path = t.segment()
    log, state = t.dir / "log", t.dir / "state-by-root"
    # The destination's owner is the server's user, as it must be.
    t.archive(path, "--log", log, "-s", state, state=False, user=ROOT).gives(0, 1, 2)
    t.archive("--init", "--log", log, state=False, user=ROOT).gives(0, 1, 2)
    t.store(t.m.segments[3])
    t.restore(t.m.segments[3].name, "--log", log, user=ROOT).gives(0, 200)
    root_owned = [file for file in t.dir.rglob("*") if file.lstat().st_uid == 0]
    check(not root_owned, f"root's: {root_owned}")
    t.rerun(t.segment(2))


@each("{} has a defined effect: an error of the call, no death", C07="SIGPIPE", C07b="SIGXFSZ")
def signals(t, name):
    path = t.segment()
    t.archive(path).ok()
    if name == "SIGPIPE":
        reader, writer = os.pipe()
        os.close(reader)
        t.archive(t.segment(2), "-v", output=writer).ok()
        t.archive(t.another(path), output=writer).gives(1)
        for mode in MODES:
            t.restore("nonsense", mode=mode, output=writer).gives(FAILURE[mode])
        os.close(writer)
    else:
        t.archive(t.segment(2), limits=[(resource.RLIMIT_FSIZE, 65536)]).fails()
        for mode in MODES:
            t.refuses(path.name, mode, limits=[(resource.RLIMIT_FSIZE, 65536)])


@case("C08", "--pid-file: a second run is refused, a dead one's file with a recycled pid is not believed")
def pid_file(t):
    pid = t.dir / "pid"
    pid.write_text("1\n")
    t.archive(t.segment(), "--pid-file", pid).ok()
    check(not pid.exists(), "the pid file stays")
    t.store(t.m.segments[3])
    pid.write_text(f"{os.getpid()}\n")
    t.restore(t.m.segments[3].name, "--pid-file", pid).ok()
    t.target.unlink()
    waiting = t.restore(t.m.segments[5].name, "--wait", "--pid-file", pid, wait=False)
    for _ in range(100):
        if pid.exists() and pid.read_text().strip() == str(waiting.process.pid):
            break
        threading.Event().wait(0.05)
    t.archive(t.segment(2), "--pid-file", pid).fails().says(pid, waiting.process.pid)
    for mode in MODES:
        t.refuses(t.m.segments[3].name, mode, "--pid-file", pid, words=[pid])
    waiting.signal(9)
    waiting.wait()
    t.archive(t.segment(2), "--pid-file", pid).ok()
