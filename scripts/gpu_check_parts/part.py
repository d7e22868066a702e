"""One part of the check: what it does, what it may cost, what came of it."""
import dataclasses
import os
import pathlib
import signal
import subprocess
import time
import typing

OK, FAILED, LEFT_OUT = "ok", "FAILED", "left out"


class Failed(Exception):
    """Why a part is not as it must be."""


class LeftOut(Exception):
    """Why a part does not apply here."""


class OutOfTime(Exception):
    """A command was ended because its part's time was over."""


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    do: typing.Callable  # of a Job; raises what is above
    seconds: float = 120  # it may take
    needs: tuple = ()  # names of parts that must be ok


@dataclasses.dataclass(frozen=True)
class Stage:
    """Parts that may run beside each other, so many at once: one where times are measured."""
    parts: list
    at_once: int = 1


@dataclasses.dataclass
class Outcome:
    part: str
    state: str
    seconds: float = 0.0
    why: str = ""
    figures: dict = dataclasses.field(default_factory=dict)
    tail: list = dataclasses.field(default_factory=list)  # of the log, where it failed

    @property
    def ok(self):
        return {OK: True, FAILED: False, LEFT_OUT: None}[self.state]


def end_all(job):
    """Ends a command and what it started; mpirun passes TERM on to its ranks."""
    for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(job.pid, number)
            job.wait(patience)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


class Job:
    """What a part in progress works with: commands, whose output goes to its log, and figures that it reports."""

    def __init__(self, log, deadline, environment=None, cwd=None):
        self.log, self.deadline, self.environment, self.cwd = pathlib.Path(log), deadline, environment or {}, cwd
        self.figures = {}
        self.note = ""  # for the part's line on the terminal

    def call(self, *command, expect=0, cwd=None, **environment):
        """What the command said. Raises Failed unless it ends with `expect`, OutOfTime when it does not end in time."""
        words = [str(word) for word in command]
        with self.log.open("a+") as log:
            print("$", " ".join(words), file=log, flush=True)
            begin = log.tell()
            job = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=cwd or self.cwd, start_new_session=True,
                                   env={**os.environ, **self.environment, **environment})
            try:
                code = job.wait(max(0.1, self.deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise OutOfTime from None
            finally:
                end_all(job)
            log.seek(begin)
            said = log.read()
        if code != expect:
            raise Failed(f"{pathlib.Path(words[0]).name} ended with code {code}")
        return said

    def tail(self, lines=15):
        return self.log.read_text(errors="replace").splitlines()[-lines:] if self.log.exists() else []
