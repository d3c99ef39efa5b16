"""A file system in memory, spoken straight to /dev/fuse: without links, or without rename flags, as many real
ones are; and a black hole when its process is stopped, as a dead NFS server is."""

import errno
import os
import pathlib
import select
import signal
import stat
import struct
import time

import sandbox
from registry import Skip

HEADER = struct.Struct("<IIQQIIII")
LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, UNLINK, RMDIR, RENAME, LINK = 1, 2, 3, 4, 9, 10, 11, 12, 13
OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT = 14, 15, 16, 17, 18, 20, 25, 26
OPENDIR, READDIR = 27, 28
RELEASEDIR, FSYNCDIR, CREATE, INTERRUPT, DESTROY, BATCH_FORGET, RENAME2 = 29, 30, 35, 36, 38, 42, 45
LARGEST = 128 * 1024


class Node:
    def __init__(self, mode, owner):
        self.mode, self.owner, self.time = mode, owner, time.time_ns()
        self.names, self.data, self.links = {}, bytearray(), 1


class FuseMount:
    """Mounted from the constructor to close(); its process serves it."""

    def __init__(self, path, links=True, rename_flags=True):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        try:
            with sandbox.as_root():
                self.device = os.open("/dev/fuse", os.O_RDWR)
        except OSError as error:
            raise Skip(f"/dev/fuse: {error.strerror}") from error
        user, group = os.geteuid(), os.getegid()
        try:
            sandbox.mount("faults", self.path, "fuse", 0,
                          f"fd={self.device},rootmode=40700,user_id={user},group_id={group},"
                          "default_permissions,allow_other")
        except Skip:
            os.close(self.device)
            raise
        self.process = os.fork()
        if self.process == 0:
            try:
                _Daemon(self.device, user, group, links, rename_flags).serve()
            finally:
                os._exit(0)

    def stop(self):
        """From here on nobody gets an answer."""
        os.kill(self.process, signal.SIGSTOP)

    def has_unanswered(self):
        """Somebody has asked since stop(), and hangs."""
        return bool(select.select([self.device], [], [], 0)[0])

    def go_on(self):
        os.kill(self.process, signal.SIGCONT)

    def close(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        # The last end of /dev/fuse: whoever waits for an answer gets an error now.
        os.close(self.device)
        sandbox.unmount(self.path)


class _Daemon:
    def __init__(self, device, user, group, links, rename_flags):
        self.device, self.owner = device, (user, group)
        self.links, self.rename_flags = links, rename_flags
        self.nodes, self.numbers = {1: Node(stat.S_IFDIR | 0o700, self.owner)}, {}
        self.next = 2
        self.calls = {LOOKUP: self.lookup, GETATTR: self.get, SETATTR: self.set, MKDIR: self.mkdir,
                      UNLINK: self.unlink, RMDIR: self.unlink, RENAME: self.rename, RENAME2: self.rename2,
                      LINK: self.link, OPEN: self.open, OPENDIR: self.open, READ: self.read,
                      WRITE: self.write,
                      STATFS: self.statfs, RELEASE: self.nothing, RELEASEDIR: self.nothing,
                      FSYNC: self.nothing,
                      FSYNCDIR: self.nothing, FLUSH: self.nothing, INIT: self.init, READDIR: self.readdir,
                      CREATE: self.create}

    def serve(self):
        while True:
            try:
                request = os.read(self.device, LARGEST + 65536)
            except InterruptedError:
                continue
            except OSError:
                return  # unmounted
            _, call, unique, node, *_ = HEADER.unpack_from(request)
            if call in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            try:
                function = self.calls.get(call)
                if function is None:
                    raise OSError(errno.ENOSYS, "")
                answer, error = function(node, request[HEADER.size:]), 0
            except OSError as failure:
                answer, error = b"", failure.errno
            try:
                os.write(self.device, struct.pack("<IiQ", 16 + len(answer), -error, unique) + answer)
            except OSError:
                pass  # the caller was killed meanwhile

    def init(self, _, body):
        major, minor = struct.unpack_from("<II", body)
        big_writes = 1 << 5
        return struct.pack("<IIIIHHIIHHIIHHIIII", major, min(minor, 31), 65536, big_writes, 12, 8, LARGEST,
                           1, 32, 0, 0,
                           0, 0, 0, 0, 0, 0, 0)[:64]

    # --- nodes

    def attributes(self, number):
        node = self.nodes[number]
        seconds, nanoseconds = divmod(node.time, 10**9)
        size = len(node.data)
        return struct.pack("<QQQQQQIIIIIIIIII", number, size, (size + 511) // 512, seconds, seconds, seconds,
                           nanoseconds, nanoseconds, nanoseconds, node.mode, node.links, *node.owner, 0,
                           4096, 0)

    def entry(self, number):
        return struct.pack("<QQQQII", number, 0, 0, 0, 0, 0) + self.attributes(number)

    def new(self, parent, name, mode):
        if name in self.nodes[parent].names:
            raise OSError(errno.EEXIST, "")
        number, self.next = self.next, self.next + 1
        self.nodes[number] = Node(mode, self.owner)
        self.nodes[parent].names[name] = number
        return number

    def find(self, parent, name):
        if name not in self.nodes[parent].names:
            raise OSError(errno.ENOENT, "")
        return self.nodes[parent].names[name]

    def lookup(self, parent, body):
        return self.entry(self.find(parent, body.rstrip(b"\0")))

    def get(self, number, _):
        return struct.pack("<QII", 0, 0, 0) + self.attributes(number)

    def set(self, number, body):
        valid, _, _, size, *_, mode = struct.unpack_from("<IIQQQQQQIIII", body)
        node = self.nodes[number]
        if valid & 1:
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)
        if valid & 8:
            del node.data[size:]
            node.data.extend(bytes(size - len(node.data)))
        return self.get(number, body)

    def mkdir(self, parent, body):
        mode, mask = struct.unpack_from("<II", body)
        return self.entry(self.new(parent, body[8:].rstrip(b"\0"), stat.S_IFDIR | mode & ~mask))

    def create(self, parent, body):
        _, mode, mask, _ = struct.unpack_from("<IIII", body)
        number = self.new(parent, body[16:].rstrip(b"\0"), stat.S_IFREG | stat.S_IMODE(mode & ~mask))
        return self.entry(number) + self.open(number, body)

    def unlink(self, parent, body):
        number = self.nodes[parent].names.pop(body.rstrip(b"\0"), None)
        if number is None:
            raise OSError(errno.ENOENT, "")
        self.nodes[number].links -= 1
        return b""

    def link(self, parent, body):
        if not self.links:
            raise OSError(errno.EPERM, "")
        number = struct.unpack_from("<Q", body)[0]
        if body[8:].rstrip(b"\0") in self.nodes[parent].names:
            raise OSError(errno.EEXIST, "")
        self.nodes[parent].names[body[8:].rstrip(b"\0")] = number
        self.nodes[number].links += 1
        return self.entry(number)

    def rename(self, parent, body, skip=8, flags=0):
        target = struct.unpack_from("<Q", body)[0]
        old, new = body[skip:].split(b"\0")[:2]
        number = self.find(parent, old)
        if flags & 1 and new in self.nodes[target].names:
            raise OSError(errno.EEXIST, "")
        del self.nodes[parent].names[old]
        self.nodes[target].names[new] = number
        return b""

    def rename2(self, parent, body):
        if not self.rename_flags:
            raise OSError(errno.EINVAL, "")
        return self.rename(parent, body, 16, struct.unpack_from("<QI", body)[1])

    # --- open files

    def open(self, number, _):
        keep_nothing = 1  # FOPEN_DIRECT_IO: every read and write comes here
        return struct.pack("<QII", number, keep_nothing if stat.S_ISREG(self.nodes[number].mode) else 0, 0)

    def read(self, number, body):
        _, offset, size = struct.unpack_from("<QQI", body)
        return bytes(self.nodes[number].data[offset:offset + size])

    def write(self, number, body):
        _, offset, size = struct.unpack_from("<QQI", body)
        node = self.nodes[number]
        node.data.extend(bytes(max(0, offset - len(node.data))))
        node.data[offset:offset + size] = body[40:40 + size]
        node.time = time.time_ns()
        return struct.pack("<II", size, 0)

    def readdir(self, number, body):
        _, offset, size = struct.unpack_from("<QQI", body)
        answer = b""
        for position, (name, child) in enumerate(list(self.nodes[number].names.items())[offset:], offset + 1):
            kind = stat.S_IFMT(self.nodes[child].mode) >> 12
            record = struct.pack("<QQII", child, position, len(name), kind) + name
            record += bytes(-len(record) % 8)
            if len(answer) + len(record) > size:
                break
            answer += record
        return answer

    def statfs(self, *_):
        return struct.pack("<QQQQQIIII24x", 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 4096, 255, 4096, 0)

    def nothing(self, *_):
        return b""
