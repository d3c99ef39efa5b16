"""Running the programs under test, with whatever is done to them."""

import os
import pathlib
import re
import resource
import select
import signal
import subprocess
import tempfile
import time

import sandbox
from registry import Failure, check, wait_until

# Set by `run`.
ARCHIVE, RESTORE, BASE, EXPIRE = (
    os.environ.get("PITR_" + name) for name in ("ARCHIVE", "RESTORE", "BASE", "EXPIRE"))
KEEP, ROOT = object(), 0


class Run:
    """A program that was started; everything about its end."""

    def __init__(self, words, *, env=None, cwd=None, closed=(), limits=(), umask=-1, output=None, user=KEEP):
        self.words = [str(word) for word in words]
        self.status = None  # as the shell has it: 128 + N for death by signal N
        self._said = tempfile.TemporaryFile()

        def before_exec():
            sandbox.drop_rights()
            for limit, value in limits:
                resource.setrlimit(limit, (value, value))
            for number in closed:
                os.close(number)
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)

        owner = {}
        if sandbox.IS_ROOT:
            owner = {"user": sandbox.USER.pw_uid,
                     "group": sandbox.USER.pw_gid} if user is KEEP else {"user": user}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.words, env=env, cwd=cwd, umask=umask, stdin=subprocess.DEVNULL, stdout=output or self._said,
            stderr=output or self._said, preexec_fn=before_exec, start_new_session=True, **owner)

    def wait(self, seconds=60):
        pidfd = os.pidfd_open(self.process.pid)
        ended = select.select([pidfd], [], [], max(0, self.started + seconds - time.monotonic()))[0]
        os.close(pidfd)
        if not ended:
            os.killpg(self.process.pid, signal.SIGKILL)
        _, code, self.usage = os.wait4(self.process.pid, 0)
        self.seconds = time.monotonic() - self.started
        self.status = os.WEXITSTATUS(code) if os.WIFEXITED(code) else 128 + os.WTERMSIG(code)
        self.killed_by = os.WTERMSIG(code) if os.WIFSIGNALED(code) else 0
        self.process.returncode = self.status
        self._said.seek(0)
        self.text = self._said.read().decode(errors="replace")
        self._said.close()
        if not ended:
            raise Failure(f"no end within {seconds} s: {self}")
        return self

    def signal(self, number):
        if self.process.returncode is None:
            os.killpg(self.process.pid, number)

    def has_ended(self):
        """It is left for wait() to reap."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def until_it_catches(self, number):
        """From here on that signal finds its handler; before, it would kill."""
        def catches():
            caught = re.search(r"^SigCgt:\s*(\w+)", self._proc("status"), re.MULTILINE)
            return caught and int(caught[1], 16) >> (number - 1) & 1
        self._until(f"it catches signal {number}", catches)

    def until_it_waits(self, number):
        """It catches that signal, and is in a pause, or waits for a process of its own."""
        self.until_it_catches(number)
        self._until("it waits", lambda: "poll" in self._proc("wchan"))

    def _until(self, what, condition):
        def happens():
            if condition():
                return True
            if self.has_ended():
                raise Failure(f"it has ended before {what}: {self.wait()}")
            return False

        wait_until(what, happens)

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="ascii", errors="replace")

    def __str__(self):
        return f"status {self.status}, it said: {self.text.strip()[-300:] or 'nothing'}"

    # --- what a case demands

    def ok(self):
        check(self.status == 0, f"wanted success: {self}")
        return self

    def fails(self):
        """Every failure of an archive_command: 1..125, with a line that says why."""
        check(1 <= self.status <= 125, f"wanted a failure of 1..125: {self}")
        check(self.text.strip(), f"a failure without a word: {self}")
        return self

    def gives(self, *statuses):
        check(self.status in statuses, f"wanted status {statuses}: {self}")
        return self

    def says(self, *words):
        for word in words:
            check(str(word) in self.text, f"no word of {word}: {self}")
        return self

    def within(self, seconds):
        check(self.seconds < seconds, f"took {self.seconds:.1f} s, {seconds} are allowed: {self}")
        return self


def environment(**changes):
    """Ours, without what a developer's shell may add."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **{name: str(value) for name, value in changes.items()}}
