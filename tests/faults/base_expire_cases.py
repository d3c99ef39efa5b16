"""pitr-expire: what is listed restores, whatever happens to it, and what a kept backup needs stays."""

import fcntl
import os
import pathlib
import shutil

import traces
from base_world import Backups
from program import EXPIRE
from registry import case, check


class Expiry:
    """Three backups, `old`, `middle` and `new`, and the archive behind them."""

    def __init__(self, t):
        self.t, self.backups = t, Backups(t)
        for name in ("old", "middle", "new"):
            self.backups.take(name=name).gives(0)
            self.backups.server.sql("SELECT pg_create_restore_point('x')")
            self.backups.server.sql("SELECT pg_switch_wal()")

    def run(self, *options, prefix=(), sets=None):
        words = [*prefix, EXPIRE, "-b", sets or self.backups.sets, "-a", self.t.dst, "--log", self.t.dir / "expire.log",
                 "-v", *options]
        return self.t._run(words, True, 60, {"cwd": self.t.dir})

    def segments(self):
        return sorted(path.name[:24] for path in pathlib.Path(self.t.dst).iterdir() if len(path.name) >= 24
                      and path.name.startswith("0") and "." not in path.name)

    def first_of(self, name):
        """The first segment that the set's WAL bundle holds."""
        copy = self.backups.unpack(name)
        return min(path.name for path in (copy / "data" / "pg_wal").iterdir() if len(path.name) == 24)


@case("B19", "keep one: it restores, its WAL and all that follows stays, the rest is gone")
def keep_one(t):
    expiry = Expiry(t)
    first = expiry.first_of("new")
    check(expiry.segments()[0] < first, "there is no WAL that could go")
    before = expiry.backups.files()
    expiry.run("--keep-count", "1", "--dry-run").gives(0).says("would go", "h-data-old.tar", first)
    check(expiry.backups.files() == before, "a dry run has removed something")
    expiry.run("--keep-count", "1").gives(0)
    check(expiry.backups.listed() == ["new"], f"listed: {expiry.backups.listed()}")
    check(len(expiry.backups.files()) == 3, f"files: {expiry.backups.files()}")
    check(expiry.segments()[0] == first, f"WAL begins at {expiry.segments()[0]}, {first} is needed")
    expiry.backups.restores("new")
    expiry.run("--keep-count", "1").gives(0)
    check(expiry.backups.listed() == ["new"], "the last backup is gone")


@case("B19d", "a set without its data file counts for no rule: the good one before it stays, with its WAL; status 3")
def without_data(t):
    expiry = Expiry(t)
    segments, first = expiry.segments(), expiry.first_of("middle")
    lost = next(pathlib.Path(expiry.backups.sets).glob("h-data-new*"))
    lost.unlink()
    expiry.run("--keep-count", "1", "--explain").gives(3).says("h-data-new.tar", "its data file is missing")
    check({name for name in segments if name >= first} <= set(expiry.segments()), "WAL was removed")
    check(not list(pathlib.Path(expiry.backups.sets).glob("h-data-old*")), "the oldest is still there")
    expiry.backups.restores("middle")


@case("B20", "killed anywhere: what is listed restores, and the next run takes what was left")
def killed(t):
    expiry = Expiry(t)
    trace, spare = t.dir / "trace", t.dir / "spare"
    shutil.copytree(expiry.backups.sets, spare)

    def refill():
        for path in expiry.backups.sets.iterdir():
            path.unlink()
        for path in spare.iterdir():
            shutil.copy(path, expiry.backups.sets)

    expiry.run("--keep-count", "1", prefix=traces.recording(trace, "openat linkat renameat unlink unlinkat fsync")).gives(0)
    points = traces.points(trace)
    check(len(points) > 10, f"{len(points)} steps")
    struck = 0
    for point in traces.sample(points, 14, t.all):
        refill()
        # The WAL is gone since the first run: the last steps are not come to any more.
        run = expiry.run("--keep-count", "1", prefix=traces.strike(trace, point, "signal=KILL")).gives(137, 0)
        struck += run.status == 137
        check("new" in expiry.backups.listed(), f"the backup to keep is gone after a kill at {point}")
        for name in expiry.backups.listed():
            expiry.backups.unpack(name)
        expiry.run("--keep-count", "1").gives(0)
        check(expiry.backups.files() == [f"h-{part}-new.tar.zst" for part in ("data", "meta", "xlog")],
              f"left by the next run after a kill at {point}: {expiry.backups.files()}")
    check(struck > 8, f"killed only {struck} times")
    expiry.backups.restores("new")


@case("D37", "a backup that is being read stays, with its WAL")
def being_read(t):
    expiry = Expiry(t)
    first = expiry.first_of("old")
    with open(expiry.backups.sets / "h-meta-old.tar.zst", "rb") as meta:
        fcntl.lockf(meta, fcntl.LOCK_SH)
        expiry.run("--keep-count", "1", "--explain").gives(0).says("h-data-old.tar", "reading")
    check(expiry.backups.listed() == ["new", "old"], f"listed: {expiry.backups.listed()}")
    check(expiry.segments()[0] <= first, "WAL of the backup that was read is gone")
    (expiry.backups.sets / "h-data-old.tar.lease").write_text(
        "Expires: 2999-01-01T00:00:00Z\nHostname: db2\nData-Directory: /data/new\n", encoding="utf8")
    expiry.run("--keep-count", "1", "--explain").gives(0).says("leased until 2999", "db2:/data/new")
    (expiry.backups.sets / "h-data-old.tar.lease").write_text("Expires: 2001-01-01T00:00:00Z\n", encoding="utf8")
    expiry.run("--keep-count", "1").gives(0)
    check(expiry.backups.listed() == ["new"] and len(expiry.backups.files()) == 3, f"{expiry.backups.files()}")


@case("D37b", "the drill of one host does not end the lease of another: the last one counts")
def several_leases(t):
    expiry = Expiry(t)
    sets = expiry.backups.sets
    for holder, year in (("db2-0000000a", 2999), ("db3-0000000b", 2001)):
        (sets / f"h-data-old.tar.{holder}.lease").write_text(
            f"Expires: {year}-01-01T00:00:00Z\nHostname: {holder[:3]}\nData-Directory: /data/new\n", encoding="utf8")
    expiry.run("--keep-count", "1", "--explain").gives(0).says("leased until 2999", "db2:/data/new")
    check("old" in expiry.backups.listed(), "the set that is leased is gone")
    (sets / "h-data-old.tar.db2-0000000a.lease").unlink()
    expiry.run("--keep-count", "1").gives(0)
    check(len(expiry.backups.files()) == 3 and not list(sets.glob("*.lease")), f"{os.listdir(sets)}")


@case("B20b", "a new set that has got the names of a half removed one is no remainder of it")
def names_again(t):
    expiry = Expiry(t)
    sets = expiry.backups.sets
    parts = ("meta", "data", "xlog")
    marker = sets / "h-meta-old.tar.zst.removing"
    marker.write_text("".join(f"h-{part}-old.tar.zst\n" for part in parts), encoding="utf8")
    # As a killed run leaves it: off the list, the rest still there.
    (sets / "h-meta-old.tar.zst").unlink()
    expiry.backups.take(name="old").gives(0)
    check(not marker.exists(), "the next pitr-expire would go on with the new set")
    # A waiting set of these names, whoever wrote it.
    (sets / "h-meta-old.tar.zst").rename(sets / "h-waiting-old.tar.zst")
    marker.write_text("".join(f"h-{part}-old.tar.zst\n" for part in parts), encoding="utf8")
    expiry.run("--keep-count", "1").gives(0)
    check((sets / "h-data-old.tar.zst").exists(), "the data file of a waiting set is gone")


@case("B21", "backups of another host are refused by name, and nothing is said to be removed")
def another_host(t):
    expiry = Expiry(t)
    expiry.run("--keep-count", "1", sets=f"nobody@127.0.0.1:{expiry.backups.sets}").gives(2).says("another host")
    check(len(expiry.backups.listed()) == 3, f"listed: {expiry.backups.listed()}")


@case("D38", "0, negative, huge and misspelled numbers are refused, and nothing is removed")
def bad_numbers(t):
    expiry = Expiry(t)
    sets, wal = expiry.backups.files(), expiry.segments()
    for option in ("--keep-days", "--keep-count", "--keep-weekly", "--keep-min", "-k", "--waiting-days"):
        for value in ("0", "-1", "99999999999999999999", "3d", "", "all"):
            expiry.run(option, value).gives(2).says(option.lstrip("-")[:4])
    expiry.run("--keep-cuont", "1").gives(2).says("keep-count")
    expiry.run("1").gives(2)
    check(sets == expiry.backups.files() and set(wal) <= set(expiry.segments()), "something is gone")


@case("D39", "failed and waiting backups do not push the last one out that restores")
def failed_ones(t):
    expiry = Expiry(t)
    sets = expiry.backups.sets
    for number in range(4):
        shutil.copy(sets / "h-data-new.tar.zst", sets / f"h-data-orphan{number}.tar.zst")
    for name in ("middle", "new"):
        (sets / f"h-meta-{name}.tar.zst").write_bytes(b"not a meta file")
    wal = expiry.segments()
    expiry.run("--keep-count", "1", "--explain").gives(0).says("h-data-orphan0.tar.zst", "stays  all WAL")
    check("old" in expiry.backups.listed(), "the only backup that restores is gone")
    check(set(wal) <= set(expiry.segments()), "WAL is gone while it is not known what is needed")
    expiry.backups.restores("old")


@case("B19b", "a pinned backup stays until its date; pinned for its consistency it keeps its own WAL only")
def pinned(t):
    expiry = Expiry(t)
    first = expiry.first_of("old")
    expiry.run("--pin", "h-data-old.tar", "--wal", "consistency").gives(0)
    expiry.run("--pin", "h-data-nothing.tar").gives(2).says("no such backup")
    expiry.run("--keep-count", "1").gives(0)
    check(expiry.backups.listed() == ["new", "old"], f"listed: {expiry.backups.listed()}")
    check(first in expiry.segments(), "its own WAL is gone")
    expiry.run("--pin", "h-data-old.tar", "--until", "2001-01-01").gives(0)
    expiry.run("--keep-count", "1").gives(0)
    check(expiry.backups.listed() == ["new"], "pinned beyond its date")
    check(not [name for name in os.listdir(expiry.backups.sets) if name.endswith(".pin")], "its pin is left")


@case("B19c", "OmniPITR's sets are judged with those of the cluster that is backed up on that host now")
def of_omnipitr(t):
    expiry = Expiry(t)
    sets, host = expiry.backups.sets, os.uname().nodename
    first = expiry.first_of("old")
    (sets / "h-meta-old.tar.zst").unlink()
    (sets / "h-data-old.tar.zst").rename(sets / "h-data-seed.tar.gz")
    (sets / "h-xlog-old.tar.zst").rename(sets / "h-xlog-seed.tar.gz")
    (sets / "h-meta-seed.tar.gz").write_text(
        f"Min-Xlog: {first}\nStarted-epoch: 1441788654\nTimezone: EDT\nHostname: {host}\n", encoding="utf8")
    expiry.run("--keep-count", "3", "--explain").gives(0).says("h-data-seed.tar")
    check(expiry.segments()[0] <= first, "WAL of OmniPITR's backup is gone")
    check("seed" in expiry.backups.listed(), f"listed: {expiry.backups.listed()}")
    expiry.run("--keep-count", "2").gives(0)
    check(expiry.backups.listed() == ["middle", "new"], f"listed: {expiry.backups.listed()}")
    check(not [name for name in expiry.backups.files() if "seed" in name], f"{expiry.backups.files()}")
    check(expiry.segments()[0] > first, "the WAL of OmniPITR's backup is left")
