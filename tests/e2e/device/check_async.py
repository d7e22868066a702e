#!/usr/bin/env python3
"""Systems on simulated CUDA devices whose streams are queues with random delays: the same bits as where streams are immediate, on as many ranks; more
ranks' numbers are one rank's; a job that is killed and resumed has the bits of one that was not; waits that the trainer is made to forget show.
Usage: check_async.py BIN_DIR SIMULATED_DEVICE_DIR [--ranks=1,2] [SYSTEM...]   SYSTEM all: every one of the registry."""
import os
import pathlib
import shutil
import sys

ARGUMENTS = [a for a in sys.argv[3:] if not a.startswith("--ranks=")]
RANKS = [int(n) for a in sys.argv if a.startswith("--ranks=") for n in a[8:].split(",")] or [1, 2]
ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from check_device import BIN, DEVICE, STEPS, flags, on, record, same, systems, workspace  # noqa: E402
from checks import MPIRUN, check  # noqa: E402
from scenarios import kill_at, tensors  # noqa: E402

# The sums of one thread are always the same.
os.environ.update(OMP_NUM_THREADS="1", SIM_DEVICES=str(max(RANKS)))


def command(program, system, work, run):
    return [str(part) for part in (BIN / program, *flags(system, work, STEPS), "--checkpoint_every=1", f"--out={run}")]


def train(program, system, work, ranks, seed):
    """The run's folder. Streams are queues with these delays; immediate where the seed is 0."""
    os.environ["SIM_ASYNC"] = str(seed or "")
    run = work / f"{system}-{ranks}-{seed}"
    on(True, ranks, *command(program, system, work, run))
    return run


def same_bits(what, run, expected):
    ours, theirs = tensors(run, STEPS), tensors(expected, STEPS)
    check(ours and ours == theirs and record(run) == record(expected), f"{what}: the same bits")


def killed(program, system, work, expected):
    """On two ranks, in the middle; then on to the end with other delays."""
    os.environ["SIM_ASYNC"] = "7"
    run = work / f"{system}-killed"
    kill_at(STEPS // 2, run, [*MPIRUN, "-n", "2", str(DEVICE / "run"), *command(program, system, work, run)])
    on(True, 2, *command(program, system, work, run))
    check(tensors(run, STEPS) == tensors(expected, STEPS), f"{system}: killed and resumed on two ranks, the same bits")


def forgetful(program, system, work, expected):
    """Without a kind of wait other numbers come out, or the job gives up. (What frees too early does not show here: an operation holds its tensors.)"""
    for seed, plant in enumerate(("operand_early", "result_early", "pinned_early"), start=5):
        os.environ["SIM_PLANT"] = plant
        try:
            seen = record(train(program, system, work, 2, seed)) != record(expected)
        except SystemExit:
            seen = True
        del os.environ["SIM_PLANT"]
        check(seen, f"{system} on two ranks: {plant} is seen")


def check_system(program, system, work):
    alone = None
    for ranks in RANKS:
        immediate, queued = (train(program, system, work, ranks, seed) for seed in (0, ranks))
        same_bits(f"{system} on {ranks} ranks, streams as queues", queued, immediate)
        if alone:
            same(f"{system} on {ranks} ranks", record(queued), record(alone), other=f"{RANKS[0]} ranks")
        alone = alone or queued
    if 2 in RANKS and system == "gan_int_cls":
        killed(program, system, work, work / f"{system}-2-2")
        forgetful(program, system, work, work / f"{system}-2-2")
    for run in work.glob(f"{system}-*"):
        shutil.rmtree(run)


def main():
    with workspace("async") as work:
        for program, system in systems():
            if system in ARGUMENTS or "all" in ARGUMENTS:
                check_system(program, system, work)


if __name__ == "__main__":
    main()
