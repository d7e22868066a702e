#!/usr/bin/env python3
"""Several ranks train the model of one, over NCCL on simulated CUDA devices in float64: every loss and score of every step to 1e-9; each rank uses its
own device and no other. Usage: check_ranks.py BIN_DIR SIMULATED_DEVICE_DIR [--ranks=1,2,4] [SYSTEM...]   SYSTEM all: every one of the registry"""
import os
import pathlib
import re
import shutil
import sys

ARGUMENTS = [a for a in sys.argv[3:] if not a.startswith("--ranks=")]
RANKS = [int(n) for a in sys.argv if a.startswith("--ranks=") for n in a[8:].split(",")] or [1, 2, 4]
ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from check_device import BIN, DEVICE, flags, record, same, systems, workspace  # noqa: E402
from checks import MPIRUN, check, run  # noqa: E402

STEPS = 3
TOLERANCE = 1e-9
# Pictures of a GAN are another test's; a pretraining is evaluated at its end all the same.
FLAGS = ["--dtype=float64", "--device=cuda", "--evaluate_every=0", "--sample_every=0", "--checkpoint_every=0", "--ema_batch_norm=live"]

os.environ.update(OMP_NUM_THREADS="1", SIM_DEVICES=str(max(RANKS)))


def train(program, system, work, ranks):
    """What a training on so many ranks records."""
    launcher = MPIRUN + ["-n", str(ranks)] if ranks > 1 else []
    out = work / f"{system}-{ranks}"
    said = run(*launcher, DEVICE / "run", BIN / program, *flags(system, work, STEPS), *FLAGS, f"--out={out}").said
    contexts = dict(re.findall(r"rank (\d): \d+ copies from the host, contexts on devices ([\d ]+)\]", said))
    check(contexts == {str(rank): str(rank) for rank in range(ranks)}, f"{system} on {ranks} ranks: contexts on devices, by rank: {contexts}")
    numbers = record(out)
    shutil.rmtree(out)
    return numbers


def main():
    with workspace("ranks") as work:
        for program, system in systems():
            if system not in ARGUMENTS and "all" not in ARGUMENTS:
                continue
            alone = train(program, system, work, RANKS[0])
            for ranks in RANKS[1:]:
                same(f"{system} on {ranks} ranks over NCCL in float64", train(program, system, work, ranks), alone, TOLERANCE, other=f"{RANKS[0]} ranks")


if __name__ == "__main__":
    main()
