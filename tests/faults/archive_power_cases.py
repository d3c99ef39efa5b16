"""pitr-archive: power cuts. What is looked at is the disk as it was at that instant."""

import os
import shutil

import material as wal
import sandbox
import traces
from registry import case, check


class PowerCut:
    """An ext4 that commits its journal only when it is told to. Its backing file, copied, is what a power cut
    leaves: the copy is mounted, its journal replayed."""

    def __init__(self, t):
        sandbox.need_root("ext4 on a loop device")
        self.t, self.image, self.place = t, t.dir / "image", t.dir / "disk"
        self.place.mkdir(exist_ok=True)
        with open(self.image, "wb") as image:
            image.truncate(48 * wal.MEGABYTE)
        sandbox.run_as_root("/usr/sbin/mkfs.ext4", "-q", "-F", self.image)
        self._mount(self.image)
        sandbox.run_as_root("chown", f"{sandbox.USER.pw_uid}:{sandbox.USER.pw_gid}", self.place)
        (self.place / "archive").mkdir()
        os.sync()

    def _mount(self, image):
        sandbox.run_as_root("mount", "-o", "loop,commit=300", image, self.place)
        self.t.mounts.append(self.place)

    def cut(self):
        """Afterwards `place` shows what is left."""
        left = self.t.dir / "left"
        shutil.copyfile(self.image, left)
        # Somebody may be in there still, as after a real one.
        sandbox.run_as_root("umount", "--lazy", self.place)
        left.replace(self.image)
        self._mount(self.image)

    def end(self):
        sandbox.run_as_root("umount", self.place)
        self.t.mounts.remove(self.place)


@case("A60", "a power cut right after exit 0: the file is complete")
def power_cut(t):
    for codec in ("none", "zstd"):
        disk = PowerCut(t)
        path, place = t.segment(), disk.place / "archive"
        t.archive(path, "-s", disk.place / "archive-state", places=[f"{codec}={place}"], state=False).ok()
        disk.cut()
        t.holds(path, place)
        disk.end()


@case("A60b", "... also when the file was there already and only its durability was missing")
def power_cut_after_again(t):
    disk = PowerCut(t)
    path, place = t.segment(), disk.place / "archive"
    t.mark(place)
    t.store(path, place=place)
    t.archive(path, places=[place]).ok()
    disk.cut()
    t.holds(path, place)
    disk.end()


@case("A61", "a power cut at 6 instants and a re-run: absent or right, then stored")
def power_cut_within(t):
    path, trace = t.segment(), t.dir / "trace"
    t.archive(path, prefix=traces.recording(trace, traces.CHANGING)).ok()
    for point in traces.sample(traces.points(trace), 6, False):
        disk = PowerCut(t)
        place = disk.place / "archive"
        (disk.place / "state").mkdir()
        os.sync()
        for old in t.state.iterdir():
            old.unlink()
        run = t.archive(path, places=[place], prefix=traces.strike(trace, point, "signal=KILL"))
        check(run.status == 137, f"{point}: {run}")
        disk.cut()
        t.right_or_absent(path, place)
        empty_but_marker = [file.name for file in place.iterdir()] in ([], ["pitr-archive.id"])
        run = t.archive(path, places=[place])
        # The state directory was on another disk: it may remember a marker that the power cut took.
        if run.status != 0 and empty_but_marker:
            t.archive("--init", places=[place]).ok()
            run = t.archive(path, places=[place])
        check(run.status == 0, f"after a power cut at {point}: {run}")
        t.holds(path, place)
        t.no_litter(place)
        disk.end()
