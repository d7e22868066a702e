#!/usr/bin/env python3
"""Two ranks of which only one sees GPUs (a host whose driver is broken): an error that names the other, at once.
Usage: check_mixed.py FAULT_PROGRAM SIMULATED_DEVICE_DIR"""
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check  # noqa: E402

PROGRAM, DEVICE = sys.argv[1:3]


def both(device):
    command = [PROGRAM, "none", "0", "0", "30", "1", "0", "communicator", device]
    begin = time.time()
    done = subprocess.run(MPIRUN + ["-n", "1", f"{DEVICE}/run", *command, ":", "-n", "1", *command], capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout + done.stderr, time.time() - begin


if __name__ == "__main__":
    for device, words in [("auto", "some ranks see a GPU and others do not: none for rank 1 on "), ("cuda", "no GPU is visible to rank 1 on ")]:
        code, output, seconds = both(device)
        well = code == 1 and output.count(words) == 1 and seconds < 30
        check(well, f"--device={device}: code {code} after {seconds:.1f} s, names rank 1" + ("" if well else f":\n{output}"))
    alone = [PROGRAM, "none", "0", "0", "30", "1", "0", "communicator", "cuda"]
    for which, setting, expected in (("their own", {"SIM_OWN_GPU": "1"}, 0), ("the same", {}, 1), ("the same, which they share", {"HELIO_SHARE_GPUS": "1"}, 0)):
        environment = {**os.environ, "SIM_DEVICES": "1", **setting}
        done = subprocess.run([*MPIRUN, "-n", "2", f"{DEVICE}/run", *alone], capture_output=True, text=True, timeout=100, env=environment)
        well = done.returncode == expected and (setting or "has 2 ranks but 1 GPU" in done.stdout + done.stderr)
        check(well, f"two ranks that see one GPU each, {which}: code {done.returncode}" + ("" if well else done.stderr))
    code, output, seconds = both("cpu")
    check(code == 0, f"--device=cpu: both train on the CPU ({code})")
