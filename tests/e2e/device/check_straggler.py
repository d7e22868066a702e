#!/usr/bin/env python3
"""A slow GPU is named, though its host only queues and all ranks wait for it inside every step: on simulated devices whose streams are queues, one of
them works more slowly. Usage: check_straggler.py BIN_DIR SIMULATED_DEVICE_DIR"""
import os
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from check_device import BIN, DEVICE, flags, make_data  # noqa: E402
from checks import MPIRUN, check, run  # noqa: E402

RANKS, STEPS = 2, 50  # a window of the detector


def log_of(work, slow):
    """Of a training in which the device of rank `slow` needs 0.06 ms longer for each piece of work."""
    os.environ.update(OMP_NUM_THREADS="1", SIM_DEVICES=str(RANKS), SIM_ASYNC="1", SIM_SLOW=f"{slow}:60")
    out = work / f"slow-{slow}"
    quiet = [f"--data={work}/data", "--evaluate_every=0", "--sample_every=0", "--checkpoint_every=0", "--log_every=10"]
    return run(*MPIRUN, "-n", str(RANKS), DEVICE / "run", BIN / "helio-train", *flags("gan_int_cls", work, STEPS), *quiet, f"--out={out}").said


def main():
    with tempfile.TemporaryDirectory(prefix="helio-straggler-") as folder:
        work = pathlib.Path(folder)
        make_data(BIN, work, images=200)
        named = re.findall(r"rank (\d+) is slow: (\S+) s a step, the median rank needs (\S+) s", log_of(work, slow=1))
        check([rank for rank, *_ in named] == ["1"], f"rank 1's device is slow: named are {named}")


if __name__ == "__main__":
    main()
