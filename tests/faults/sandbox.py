"""What needs the system's leave: users, mounts of our own, limits.

Started by root, all files belong to the user `postgres` and all programs run as that user: EACCES means
nothing to root. Started by an ordinary user, a user namespace gives us mounts where the kernel allows it.
Mounts live in a namespace of this process, so none outlives it."""

import contextlib
import ctypes
import os
import pwd
import shutil
import subprocess

from registry import Skip

libc = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 1, 32, 4096, 16384, 1 << 18, 2
CLONE_NEWNS = 0x20000
INSIDE = "PITR_FAULTS_INSIDE"
IS_ROOT = os.geteuid() == 0
USER = pwd.getpwnam(os.environ.get("SERVER_USER", "postgres")) if IS_ROOT else None
_can_mount = False


def enter(words):
    """Called once, before anything else; `words` starts the same program again."""
    global _can_mount
    if IS_ROOT:
        _can_mount = libc.unshare(CLONE_NEWNS) == 0
        _make_private()
        os.setgroups([USER.pw_gid])
        os.setegid(USER.pw_gid)
        os.seteuid(USER.pw_uid)
    elif os.environ.get(INSIDE) == "namespace":
        _can_mount = True
        _make_private()
    elif INSIDE not in os.environ:
        unshare = ["unshare", "-Um", "--keep-caps", "--map-current-user"]
        works = subprocess.run(unshare + ["true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
        os.environ[INSIDE] = "namespace" if works else "plain"
        words = (unshare if works else []) + words
        os.execvp(words[0], words)


def _make_private():
    if _can_mount:
        libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)


def drop_rights():
    """In a child, before exec: what keeps our mounts possible must not reach the programs under test."""
    if not IS_ROOT:
        libc.prctl(47, 4, 0, 0, 0)  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL


@contextlib.contextmanager
def as_root():
    before = os.geteuid()
    if IS_ROOT:
        os.seteuid(0)
    try:
        yield
    finally:
        os.seteuid(before)


def mount(source, target, kind, flags=0, data=""):
    if not _can_mount:
        raise Skip("no mounts: neither root nor user namespaces")
    with as_root():
        failed = libc.mount(str(source).encode(), str(target).encode(), kind.encode(), flags, data.encode())
    if failed:
        raise Skip(f"mount {kind}: {os.strerror(ctypes.get_errno())}")


def unmount(target):
    with as_root():
        libc.umount2(str(target).encode(), MNT_DETACH)


def mount_memory(target, size):
    """A small real file system: its ENOSPC is no simulation."""
    owner = f",uid={USER.pw_uid},gid={USER.pw_gid}" if IS_ROOT else ""
    mount("tmpfs", target, "tmpfs", 0, f"size={size},mode=0700{owner}")


def grow_memory(target, size):
    mount("tmpfs", target, "tmpfs", MS_REMOUNT, f"size={size}")


def shrink_memory(target):
    """Not a byte more fits."""
    about = os.statvfs(target)
    grow_memory(target, str((about.f_blocks - about.f_bfree) * about.f_frsize))


def mount_read_only(target):
    mount(target, target, "none", MS_BIND)
    mount("none", target, "none", MS_BIND | MS_REMOUNT | MS_RDONLY)


def need_root(why):
    if not IS_ROOT:
        raise Skip(f"needs root: {why}")


def need_program(name, package):
    if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
        raise Skip(f"needs {name} (package {package})")


def run_as_root(*words):
    with as_root():
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Skip(f"{words[0]}: {done.stdout.strip()}")
