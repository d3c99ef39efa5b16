"""pitr-archive: the staging directory of a running backup. Its trouble is never the archive's."""

import fcntl

import material as wal
import sandbox
from registry import case, check, each


def live_staging(t, name="staging", size=None):
    """A staging directory as pitr-base makes it, its lock held by this process."""
    staging = t.dir / name
    staging.mkdir()
    if size:
        t.mounted(sandbox.mount_memory, staging, size)
    (staging / "complete").touch()
    lock = open(staging / "pitr-base.lock", "wb")
    fcntl.fcntl(lock, 37, wal.struct.pack("hhlli4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
    return staging, lock


@case("A70",
      "a backup runs: the segment is in staging at exit 0; a stale or standing directory is left alone")
def staging(t):
    place, lock = live_staging(t)
    path = t.segment(1)
    t.archive(path, "-db", place).ok()
    t.holds(path, t.dst, place)
    # A retry after the archive has it: staging still gets it.
    t.forms(path.name, place)[0].unlink()
    t.archive(path, "-db", place).ok()
    t.holds(path, t.dst, place)
    lock.close()
    stale = t.segment(2)
    t.archive(stale, "-db", place).ok()
    t.has_not(stale.name, place)
    check((place / "complete").exists(), "complete vanished without a failure")


@each("a backup runs and its staging directory fails ({}): archived, and the backup can see it",
      A71="full", A71b="a directory in the way", A71c="other bytes there", A71d="no right to write")
def failing_staging(t, reason):
    place, lock = live_staging(t, size="64k" if reason == "full" else None)
    path = t.segment()
    if reason == "a directory in the way":
        (place / path.name).mkdir()
    if reason == "other bytes there":
        (place / path.name).write_bytes(b"other")
    if reason == "no right to write":
        # complete cannot be removed either: then the file must fail, or pitr-base would miss it silently.
        place.chmod(0o500)
    run = t.archive(path, "-db", place).says("staging")
    t.holds(path)
    check(not [file for file in place.iterdir() if ".tmp." in file.name], "litter in staging")
    if reason == "no right to write":
        run.gives(0, 1)
    else:
        run.ok()
        check(not (place / "complete").exists(), "the backup is not told")
    lock.close()
