#!/usr/bin/env python3
"""Faults that strike whole programs: a rank that is killed or stands still at start-up, in a step, in an evaluation, at a checkpoint. The job
ends within its deadlines with the requeue code, says once which rank it was, and the same command goes on. Usage: program_faults.py BIN_DIR"""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run, wait_for  # noqa: E402
from scenarios import checkpoints, make_classifier, make_data, toy_flags  # noqa: E402

DEADLINE = 6


def ranks(out):
    """{rank: process id} of the program that writes to `out`."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"helio-train") and f"--out={out}".encode() in words:
                environment = dict(pair.split(b"=", 1) for pair in (folder / "environ").read_bytes().split(b"\0") if b"=" in pair)
                found[int(environment[b"OMPI_COMM_WORLD_RANK"])] = int(folder.name)
        except (OSError, KeyError):
            pass
    return found


def strike(bin_dir, work, name, number, moment, *flags):
    """Sends `number` to rank 1 of 3 at a moment of the run's log, or when its processes are there."""
    out = work / name
    command = [*MPIRUN, "-n", "3", str(bin_dir / "helio-train"), *toy_flags(work, 100000), "--log_every=1", f"--deadline_seconds={DEADLINE}",
               f"--first_deadline_seconds={4 * DEADLINE}", *flags, f"--out={out}"]
    log = work / f"{name}.log"
    with log.open("w") as text:
        job = subprocess.Popen(command, cwd=ROOT, stdout=text, stderr=text, start_new_session=True)
    try:
        wait_for("three ranks", lambda: len(ranks(out)) == 3, 60, 0.01)
        if moment:
            wait_for(moment, lambda: moment in log.read_text(), 120, 0.01)
        began = time.time()
        os.kill(ranks(out)[1], number)
        code = job.wait(timeout=120)
    finally:
        for pid in ranks(out).values():
            with contextlib.suppress(ProcessLookupError):  # ended meanwhile
                os.kill(pid, signal.SIGKILL)
    text = log.read_text()
    killed = number == signal.SIGKILL
    check(code == (137 if killed else 75), f"{name}: code {code} after {time.time() - began:.0f} s")
    if not killed:  # of a killed one mpirun tells
        check("rank 1" in text, f"{name}: the rank is named")
    return out


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="helio_program_faults_") as folder:
        work = pathlib.Path(folder)
        make_data(bin_dir, work)
        judged = [f"--classifier={make_classifier(bin_dir, work, steps=2)}", "--evaluate_every=4", "--evaluate_images=3000"]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            name = signal.Signals(number).name
            strike(bin_dir, work, f"{name}_step", number, "step 6/")
            strike(bin_dir, work, f"{name}_evaluation", number, "step 4/", *judged)
            out = strike(bin_dir, work, f"{name}_checkpoint", number, "checkpoint of step", "--checkpoint_every=2")
            if number == signal.SIGKILL:  # a rank that stands still inside MPI's start is seen by launch/mpirun/run's --deadline only
                strike(bin_dir, work, f"{name}_start", number, "")
            reached = max(checkpoints(out))
            run(*MPIRUN, "-n", "3", bin_dir / "helio-train", *toy_flags(work, reached + 2), f"--out={out}")
            check(max(checkpoints(out)) == reached + 2, f"{name}: the same command goes on from step {reached}")


if __name__ == "__main__":
    main()
