#!/usr/bin/env python3
"""What no CUDA graph may hold, and memory that one outlives, on a simulated device whose streams are queues: each mistake is planted, and each is
seen. Usage: device_capture.py PROGRAM SIMULATED_DEVICE_DIR"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check  # noqa: E402

PROGRAM, DEVICE = sys.argv[1:3]
REFUSED, WRONG = 4, 3
WRONG_SUM = r"the sum is (-?nan|-?\d\S*) instead of"
MISTAKES = {
    "read": (REFUSED, "while a stream captures: the host (reads|waits)", "the host reads a captured number"),
    "wait": (REFUSED, "while a stream captures: the host waits for it", "the host waits for captured work"),
    "event": (REFUSED, "while a stream captures: work for the default stream", "an event of the default stream"),
    "default_stream": (REFUSED, "while a stream captures: work for the default stream", "work for the default stream"),
    "cold": (REFUSED, "is captured before it has been computed once", "an operator that was not warmed up"),
    "stale": (WRONG, WRONG_SUM, "a batch that lies elsewhere at every launch"),
    "escaped": (WRONG, WRONG_SUM, "memory that the capture has let go"),
}


def unless(good, said):
    return "" if good else f": {said[-2000:]}"


def run(mistake, seed):
    done = subprocess.run([f"{DEVICE}/run", PROGRAM, mistake], capture_output=True, text=True, timeout=100, env={**os.environ, "SIM_ASYNC": str(seed), "SIM_DEVICES": "1"})
    return done.returncode, done.stdout + done.stderr


def main():
    for seed in (1, 2, 3):
        code, said = run("none", seed)
        good = code == 0 and "12 of the launches were graphs" in said
        check(good, f"no mistake, delays {seed}: the sums are right{unless(good, said)}")
    for mistake, (wanted, words, what) in MISTAKES.items():
        code, said = run(mistake, 1)
        good = code == wanted and re.search(words, said)
        check(good, f"{what}: code {code}, wanted {wanted} and /{words}/{unless(good, said)}")


if __name__ == "__main__":
    main()
