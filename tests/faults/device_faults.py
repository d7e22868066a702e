#!/usr/bin/env python3
"""Two ranks on simulated GPUs: each has made its own the current one, in every thread, NCCL's communicators are ended in the order in which they were made,
and a driver that does not answer ends the job with the rank's name, while that rank's heartbeats go on. Usage: device_faults.py FAULT_PROGRAM SIMULATED_DEVICE_DIR"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check  # noqa: E402

PROGRAM, DEVICE = sys.argv[1:3]
DEADLINE = 4


def job(seconds, **environment):
    """With a second communicator beside the world's; no fault of its own."""
    command = [*MPIRUN, "-n", "2", f"{DEVICE}/run", PROGRAM, "none", "0", "0", str(DEADLINE), str(seconds), "0", "split", "cuda"]
    begin = time.time()
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env={**os.environ, **environment})
    return done.returncode, done.stdout + done.stderr, time.time() - begin


def own_devices():
    """A thread that forgot would make a context on GPU 0, some hundred MB of it for each rank of a host."""
    code, output, _ = job(1)
    used = dict(re.findall(r"rank (\d): \d+ copies from the host, contexts on devices ([\d ]+)\]", output))
    check(code == 0 and used == {"0": "0", "1": "1"}, f"contexts on devices, by rank: {used}" + (f":\n{output}" if code else ""))


def in_order():
    with tempfile.TemporaryDirectory(prefix="helio_nccl_") as log:
        code, output, _ = job(1, SIM_NCCL_LOG=log)
        check(code == 0, f"a job on simulated GPUs ends well ({code})" + (f":\n{output}" if code else ""))
        wanted = "init 1\ninit 2\nfinalize 1\ndestroy 1\nfinalize 2\ndestroy 2\n"
        for rank in "01":
            noted = pathlib.Path(log, rank).read_text()
            check(noted == wanted, f"rank {rank}: its communicators are finalized and destroyed in order, none is aborted" + ("" if noted == wanted else f":\n{noted}"))


def stuck_driver():
    code, output, seconds = job(60, SIM_STUCK="1")
    words = "rank 1 failed: the driver of its device has not answered for"
    check(code == 75 and words in output and "silent" not in output, f"a driver that does not answer: code {code} after {seconds:.1f} s, rank 1 says so"
          + ("" if words in output else f":\n{output}"))
    check(seconds < 5 * DEADLINE + 10, "in time")


if __name__ == "__main__":
    own_devices()
    in_order()
    stuck_driver()
