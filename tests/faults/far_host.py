"""Another host: a real sshd on loopback, and a proxy before it that cuts the connection or lets it stall."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading

import sandbox
from program import Run, environment
from registry import wait_until


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, what):
    def answers():
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except OSError:
            return False

    wait_until(f"{what} answers", answers)


class Proxy:
    """Passes on what comes until `limit` bytes have gone to the host; then it cuts, or keeps the line and the rest."""

    def __init__(self, target):
        self.target, self.limit, self.stalls, self.passed = target, None, False, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed
            try:
                host = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self.open += [client, host]
            threading.Thread(target=self._pump, args=(client, host, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(host, client, False), daemon=True).start()

    def _pump(self, source, target, counts):
        try:
            while data := source.recv(2048):
                if counts and self.limit is not None:
                    self.passed += len(data)
                    if self.passed > self.limit:
                        if not self.stalls:
                            self.cut()
                        return
                if self.limit is not None and self.passed > self.limit:
                    return  # nor does any answer come back
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def after(self, limit, stalls=False):
        self.passed, self.stalls, self.limit = 0, stalls, limit

    def cut(self):
        for each in self.open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()
        self.open = []

    def heal(self):
        self.limit = None
        self.cut()

    def close(self):
        self.listener.close()
        self.cut()


class FarHost:
    def __init__(self, t, directory=None):
        self.t, self.dir = t, t.dir / "sshd"
        self.far = directory or t.dir / "far"
        self.dir.mkdir()
        self.far.mkdir(exist_ok=True)
        for key in ("hostkey", "client", "other"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / key], check=True)
        self.port = free_port()
        self.proxy = Proxy(self.port)
        (self.dir / "authorized_keys").write_bytes((self.dir / "client.pub").read_bytes())
        self.know("hostkey")
        (self.dir / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.dir}/hostkey\nPidFile {self.dir}/pid\n"
            f"AuthorizedKeysFile {self.dir}/authorized_keys\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nUsePAM no\nStrictModes no\nMaxSessions 100\n", encoding="ascii")
        (self.dir / "ssh_config").write_text(
            f"Port {self.proxy.port}\nIdentityFile {self.dir}/client\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {self.dir}/known_hosts\nStrictHostKeyChecking ask\n", encoding="ascii")
        self.ssh = self.dir / "ssh"
        self.ssh.write_text(f"#!/bin/sh\nexec ssh -F {self.dir}/ssh_config \"$@\"\n", encoding="ascii")
        self.ssh.chmod(0o755)
        # Sockets of masters: a path of a few bytes.
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="pf", dir="/tmp"))
        t.closing.append(self.close)
        self.place = f"{self.user()}@127.0.0.1:{self.far}"
        self.start()

    @staticmethod
    def user():
        if sandbox.IS_ROOT:
            return sandbox.USER.pw_name
        return subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()

    def know(self, key):
        line = (self.dir / f"{key}.pub").read_text(encoding="ascii")
        (self.dir / "known_hosts").write_text(f"[127.0.0.1]:{self.proxy.port} {line}", encoding="ascii")

    def start(self):
        self.sshd = Run(["/usr/sbin/sshd", "-D", "-f", self.dir / "sshd_config", "-E", self.dir / "log"],
                        env=environment())
        self.t.processes.append(self.sshd)
        wait_for_port(self.port, "sshd")

    def stop(self):
        self.proxy.heal()
        self.sshd.signal(9)
        self.sshd.wait(10)

    def close(self):
        self.proxy.close()
        shutil.rmtree(self.runtime, ignore_errors=True)

    def archive(self, path, *options, timeout=5, place=None, **how):
        """pitr-archive to this host alone, over a connection of its own."""
        how = {"env": environment(XDG_RUNTIME_DIR=self.runtime), **how}
        words = ["-dr", f"none={place or self.place}", "--ssh-path", self.ssh, "--remote-timeout", timeout]
        return self.t.archive(path, *words, *options, places=how.pop("places", ()), **how)

    def becomes_clean(self):
        """The shell over there drops what it was writing when it sees that nobody is there any more."""
        wait_until("no litter is over there", lambda: not self.t.litter(self.far))

    def rerun(self, path, *options, **how):
        self.proxy.heal()
        self.archive(path, *options, **how).ok()
        self.t.holds(path, self.far)
        self.becomes_clean()


class RsyncDaemon:
    """A module of a real rsync daemon over t.dir/"module"."""

    def __init__(self, t):
        self.t, self.port, self.far = t, free_port(), t.dir / "module"
        self.far.mkdir()
        config = t.dir / "rsyncd.conf"
        (t.dir / "secrets").write_text("wal:sekret\n", encoding="ascii")
        (t.dir / "secrets").chmod(0o600)
        config.write_text(f"address = 127.0.0.1\nport = {self.port}\npid file = {t.dir}/rsyncd.pid\n"
                          f"log file = {t.dir}/rsyncd.log\nuse chroot = no\n[wal]\npath = {self.far}\n"
                          f"read only = no\nauth users = wal\nsecrets file = {t.dir}/secrets\n", encoding="ascii")
        self.place = f"rsync://wal@127.0.0.1:{self.port}/wal"
        self.env = environment(RSYNC_PASSWORD="sekret", TMPDIR=t.dir)
        daemon = Run(["rsync", "--daemon", "--no-detach", f"--config={config}"], env=environment())
        t.processes.append(daemon)
        wait_for_port(self.port, "rsync")
