#!/usr/bin/env python3
"""Mistakes with streams, memory, NCCL and recurrent layers, and devices that break, on simulated devices whose streams are queues: each is
planted, and each is seen. Usage: device_streams.py PROGRAM PREFETCH_PROGRAM SIMULATED_DEVICE_DIR"""
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check  # noqa: E402

PROGRAM, PREFETCH, DEVICE = sys.argv[1:4]
DEADLINE = 6
WRONG_SUM = r"the sum is (-?nan|-?\d\S*) instead of"
# What the program forgets (SIM_PLANT leaves it out of its calls): what is wrong then.
STREAMS = {
    "operand_early": "a collective does not wait for what makes its operand",
    "result_early": "nobody waits for a collective",
    "freed_early": "memory is freed while another stream reads it",
    "pinned_early": "page-locked memory is used again before it has been copied",
    "host_early": "the host reads before the copy is done",
}
# Of rank 1: what is said.
BATCHES = {
    "result_early": "nobody waits for a batch that is on its way",
    "freed_early": "a batch's memory is handed on while it is looked at",
    "pinned_early": "the loader writes into page-locked memory that is being copied",
}
NCCL = {
    "size": r"simulated NCCL.*mismatch: AllReduce.*rank 1: AllReduce",
    "kind": r"simulated NCCL.*mismatch: AllReduce.*rank 1: Broadcast",
    "order": r"simulated NCCL.*deadlock\?.*rank \d is at call",
}
FAILING = {
    "launch": "CUDA error: an illegal memory access",
    "malloc": "out of memory",
    "nccl": "NCCL: remote process exited or there was a network error",
}


def job(mistake="none", ranks=2, seed=1, **environment):
    command = [*MPIRUN, "-n", str(ranks), f"{DEVICE}/run", PROGRAM, mistake, "40", str(DEADLINE)]
    begin = time.time()
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env={**os.environ, "SIM_ASYNC": str(seed), "SIM_DEVICES": str(ranks), **environment})
    return done.returncode, done.stdout + done.stderr, time.time() - begin


def ends(what, got, code, words):
    """The job ends with that code, and says so in time."""
    found, output, seconds = got
    good = found == code and re.search(words, output)
    check(good, f"{what}: code {found} after {seconds:.1f} s" + ("" if good else f", wanted {code} and /{words}/:\n{output}"))


def nothing_forgotten():
    for ranks, seed in ((2, 1), (2, 2), (4, 3)):
        ends(f"nothing is forgotten, {ranks} ranks, delays {seed}", job(ranks=ranks, seed=seed), 0, "")
    ends("streams without delays", job(SIM_PLANT="operand_early", SIM_ASYNC=""), 0, "")


def streams():
    for plant, what in STREAMS.items():
        ends(what, job(SIM_PLANT=plant), 3, WRONG_SUM)


def batches():
    run = lambda seed, plant: subprocess.run([f"{DEVICE}/run", PREFETCH], capture_output=True, text=True, timeout=100,  # noqa: E731
                                             env={**os.environ, "SIM_ASYNC": str(seed), "SIM_PLANT": plant, "SIM_DEVICES": "1"})
    for seed in (1, 2, 3):
        done = run(seed, "")
        check(done.returncode == 0, f"batches on a stream of their own, delays {seed}: {done.stderr[-500:]}")
    def is_seen(plant, seed):
        done = run(seed, plant)
        return done.returncode == 3 and re.search(WRONG_SUM, done.stderr)

    for plant, what in BATCHES.items():  # who is faster also hangs on what else the machine does
        check(any(is_seen(plant, seed) for seed in range(1, 16)), f"{what}: seen with one of fifteen delays")


def own_device():
    """Who takes page-locked memory asks which copies out of it are done: loader threads on the rank's device, or each rank had a context on GPU 0."""
    done = subprocess.run([f"{DEVICE}/run", PREFETCH, "1"], capture_output=True, text=True, timeout=100, env={**os.environ, "SIM_ASYNC": "", "SIM_DEVICES": "2"})
    contexts = re.findall(r"contexts on devices ([\d ]+)\]", done.stderr)
    check(done.returncode == 0 and contexts == ["1"], f"batches of a rank on device 1: code {done.returncode}, contexts on devices {contexts}")


def nccl():
    for mistake, words in NCCL.items():
        ends(f"NCCL: another {mistake} on rank 1", job(mistake), 75, words)


def failing():
    for kind, words in FAILING.items():
        for rank in (0, 1):
            # Past the start: the hundredth of its kind; collectives come two a step.
            got = job(SIM_FAIL=f"{rank}:{kind}:{40 if kind == 'nccl' else 100}")
            ends(f"{kind} fails on rank {rank}", got, 75, rf"rank {rank} failed: .*step \d+.*{words}")


def failing_alone():
    got = job(ranks=1, SIM_FAIL="0:launch:100")
    ends("launch fails in a job of one", got, 75, rf"step \d+: {FAILING['launch']}")


def recurrent():
    ends("an LSTM in evaluation mode that is differentiated", job("recurrent"), 70, "rank 1 failed: .*cudnn RNN backward can only be called in training mode")


def any_order():
    ends("gradients that a GPU adds in any order", job("any_order"), 70, "rank 1 failed: .*reflection_pad2d_backward adds in any order on a GPU")


if __name__ == "__main__":
    nothing_forgotten()
    streams()
    batches()
    own_device()
    nccl()
    failing()
    failing_alone()
    recurrent()
    any_order()
