"""Faults at system calls: strace counts them in a run that goes well, then strikes at one in the next."""

import collections
import re

Point = collections.namedtuple("Point", "call number")

# Everything that changes something; openat only where it creates.
CHANGING = ("openat write pwrite64 fchmod fsync fdatasync linkat link unlinkat unlink renameat renameat2 "
            "rename mkdir mkdirat chmod ftruncate exit_group")
WRITING = "openat write pwrite64 ftruncate fchmod linkat renameat renameat2 mkdir"
LINE = re.compile(r"(\d+) +(\w+)\((.*)")


def _set(calls):
    return ",".join("?" + call for call in calls.split())


def read(path):
    """(process, call, rest of the line), with the second half of an interrupted line joined to its first."""
    lines, unfinished = [], {}
    for line in path.read_text(encoding="utf8", errors="replace").splitlines():
        process = line.split(" ", 1)[0]
        if "<unfinished ...>" in line:
            unfinished[process] = line.replace("<unfinished ...>", "")
            continue
        resumed = re.match(r"\d+ +<\.\.\. \w+ resumed>(.*)", line)
        if resumed:
            line = unfinished.pop(process, "") + resumed[1]
        found = LINE.match(line)
        if found:
            lines.append((found[1], found[2], found[3]))
    return lines


def recording(path, calls):
    return ["strace", "-f", "-qq", "-s", "4096", "-o", path, "-e", "trace=" + _set(calls)]


def points(path, text=""):
    """Where a fault can strike: at calls that have `text` in their line. The numbers count per process, as strace's
    do."""
    seen, found = collections.Counter(), []
    for process, call, rest in read(path):
        seen[process, call] += 1
        # What the loader and libraries open for reading changes nothing.
        if call == "openat" and "O_CREAT" not in rest:
            continue
        point = Point(call, seen[process, call])
        if text in rest and point not in found:
            found.append(point)
    return found


def strike(path, point, fault):
    """`fault` is what strace does at that call: signal=KILL, error=EIO, retval=0, delay_enter=…"""
    return ["strace", "-f", "-qq", "-o", path, "-e", f"trace={point.call}",
            "-e", f"inject={point.call}:{fault}:when={point.number}"]


def strike_file(path, file, call, fault, when="1+"):
    """Only calls that touch `file`, whether by its path, relative to its directory, or by descriptor."""
    return ["strace", "-f", "-qq", "-o", path, "-P", file, "-P", file.name, "-e", f"trace={call}",
            "-e", f"inject={call}:{fault}:when={when}"]


def sample(found, size, everything):
    """All, or that many spread evenly with the first and the last among them."""
    if everything or len(found) <= size:
        return found
    return [found[round(i * (len(found) - 1) / (size - 1))] for i in range(size)]
