"""Runs commands and notes what they cost; rows of one table take turns, so that what else the machine does meets all."""

import os
import pathlib
import statistics
import subprocess
from dataclasses import dataclass, field
from typing import Callable, Optional


class BenchError(Exception):
    """A command of the bench failed: there is nothing to compare."""


@dataclass
class Row:
    """One tool doing one job. `command` is given the number of the round; `prepare` and `check` are not measured."""
    name: str
    command: Callable[[int], list]
    prepare: Callable[[int], None] = lambda round_number: None
    check: Callable[[int], None] = lambda round_number: None
    per: int = 1      # pieces of work in one run: times are of one of them
    repeat: int = 1   # runs in a row, for what takes about as long as its start
    status: tuple = (0,)
    extra: bool = False  # no goal is about it: --quick leaves it out
    by_server: bool = False  # the server does the work: the CPU seconds of the command say nothing
    seconds: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    memory: int = 0   # KiB, the largest process of all runs

    def median(self):
        return statistics.median(self.seconds) if self.seconds else None

    def run(self, bench, round_number):
        self.prepare(round_number)
        seconds, cpu, memory = bench.measure(self.command(round_number), self.repeat, self.status)
        self.check(round_number)
        self.seconds.append(seconds / self.per)
        self.cpu.append(cpu / self.per)
        self.memory = max(self.memory, memory)


@dataclass
class Goal:
    """`row` takes at most `factor` of the fastest of `others`, or `value()` is at most (at least) `limit`."""
    text: str
    row: Optional[Row] = None
    others: tuple = ()
    factor: float = 1.0
    value: Optional[Callable[[], Optional[float]]] = None
    at_least: bool = False

    def ratio(self):
        if self.value:
            return self.value()
        peers = [other.median() for other in self.others if other.median()]
        mine = self.row.median()
        return mine / min(peers) if mine and peers else None

    def cpu_ratio(self):
        """The same of CPU seconds, which the load of the machine hardly changes."""
        peers = [statistics.median(other.cpu) for other in self.others if other.cpu and not other.by_server]
        if self.value or not peers or not self.row.cpu or min(peers) == 0:
            return None
        return statistics.median(self.row.cpu) / min(peers)

    def met(self):
        """None: it could not be measured."""
        ratio = self.ratio()
        if ratio is None:
            return None
        return ratio >= self.factor if self.at_least else ratio <= self.factor


@dataclass
class Table:
    name: str
    title: str
    unit: str          # ms or s
    rows: list
    goals: list
    notes: list = field(default_factory=list)


class Bench:
    """Where the programs, the peers and the scratch space are, and how commands are run."""

    def __init__(self, scratch, quick, smoke):
        self.scratch = pathlib.Path(scratch)
        self.quick, self.smoke = quick, smoke
        self.bin = self.scratch / "bin"
        self.postgres = pathlib.Path(os.environ.get("BIN", "/usr/lib/postgresql/15/bin"))
        self.log = self.scratch / "log"
        self.environment = {**os.environ, "TMPDIR": str(self.directory("tmp")), "LC_ALL": "C.UTF-8",
                            "PATH": f"{self.bin}:{self.postgres}:{os.environ['PATH']}"}

    def directory(self, *parts):
        path = self.scratch.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def amount(self, smoke, quick, whole):
        """How much there is of something, or how often something is done."""
        return smoke if self.smoke else quick if self.quick else whole

    def program(self, name):
        return str(self.bin / name)

    def run(self, *command):
        """Runs a command that is not measured and returns what it prints."""
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=self.environment, cwd=self.scratch, check=False,
                              errors="replace")
        if done.returncode != 0:
            raise BenchError(f"{' '.join(map(str, command))}: status {done.returncode}: {done.stdout[-2000:]}")
        return done.stdout

    def measure(self, command, repeat=1, status=(0,)):
        """Seconds and CPU seconds of one run, and the peak memory in KiB."""
        result = self.scratch / "result"
        words = [self.program("measure"), str(result), str(repeat), *map(str, command)]
        with open(self.log, "wb") as log:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                                  cwd=self.scratch, check=False)
        if done.returncode not in status:
            said = self.log.read_text(errors="replace")[-2000:]
            raise BenchError(f"{' '.join(words[3:])}: status {done.returncode}: {said}")
        seconds, cpu, memory = result.read_text().split()
        return float(seconds), float(cpu), int(memory)

    def take_turns(self, rows, rounds):
        """A B C, A B C, ...: one round before the measured ones fills the caches."""
        present = [row for row in rows if not row.extra or self.smoke or not self.quick]
        for row in present:
            row.run(self, 0)
            row.seconds.clear()
            row.cpu.clear()
        for round_number in range(1, (1 if self.smoke else rounds) + 1):
            for row in present:
                row.run(self, round_number)
