"""How a test in Python says what holds and runs what it tries; needs Python's own library only."""
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MPIRUN = ["mpirun", "--bind-to", "none", "--oversubscribe"]
os.environ.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1"})


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")
    print("ok:", message, flush=True)


def need(*programs):
    """Ends the test as skipped (77) where a package could not be installed."""
    missing = [p for p in programs if not shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed (scripts/apt-packages.txt)")
        sys.exit(77)


def wait_for(what, condition, seconds, every=0.5):
    """The first true value of `condition`; ends the test when none comes in time."""
    end = time.time() + seconds
    while time.time() < end:
        if value := condition():
            return value
        time.sleep(every)
    sys.exit(f"FAILED: {what}: not within {seconds} s")


@dataclasses.dataclass(frozen=True)
class Done:
    """A program that has ended."""
    code: int
    out: str
    err: str

    @property
    def said(self):
        return self.out + self.err


def run(*command, expect=0, timeout=1500, cwd=ROOT, **environment):
    """Runs to its end; ends the test unless the code is `expect` (None: any)."""
    words = [str(word) for word in command]
    ended = subprocess.run(words, capture_output=True, text=True, cwd=cwd, timeout=timeout, env={**os.environ, **environment})
    done = Done(ended.returncode, ended.stdout, ended.stderr)
    if expect is not None and done.code != expect:
        sys.exit(f"FAILED: {' '.join(words)}: exit code {done.code}, expected {expect}\n{done.said[-4000:]}")
    return done
