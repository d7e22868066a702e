#!/usr/bin/env python3
"""kill -9 at random instants of helio-eval over two ranks, one rank or all; the same command again gives the scores of an evaluation that nobody
killed, to the last digit, and what was killed leaves no half summary. Usage: evaluation_kills.py BIN_DIR [--kills N] [--seed S]"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run  # noqa: E402
from scenarios import make_classifier, make_data, toy_flags  # noqa: E402


def scores(folder):
    """What an evaluation found, without how long it took."""
    summary = json.loads((folder / "summary.json").read_text())
    return {key: value for key, value in summary.items() if "second" not in key and key != "time"}


def evaluate(bin_dir, work, judge, out):
    return [*MPIRUN, "-n", "2", str(bin_dir / "helio-eval"), f"--checkpoint={work}/run", f"--data={work}/data", f"--classifier={judge}",
            "--images=200", "--seed=3", "--threads=1", f"--out={out}"]


def kill(job, out, all_ranks):
    """One rank, or all of them with their mpirun."""
    pattern = f"helio-eval.*--out={out}$"
    if all_ranks:
        subprocess.run(["pkill", "-9", "-f", pattern])
    else:
        found = subprocess.run(["pgrep", "-f", f"^[^ ]*{pattern}"], capture_output=True, text=True).stdout.split()
        subprocess.run(["kill", "-9", *found[:1]], stderr=subprocess.DEVNULL)
    return job.wait(timeout=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin_dir", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1000000)
    arguments = parser.parse_args()
    draw, killed = random.Random(arguments.seed), 0
    with tempfile.TemporaryDirectory(prefix="helio_eval_kills_") as folder:
        work = pathlib.Path(folder)
        make_data(arguments.bin_dir, work)
        judge = make_classifier(arguments.bin_dir, work, steps=2)
        run(*MPIRUN, "-n", "2", arguments.bin_dir / "helio-train", *toy_flags(work, 4), f"--out={work}/run")
        began = time.monotonic()
        run(*evaluate(arguments.bin_dir, work, judge, work / "whole"))
        takes = time.monotonic() - began
        for number in range(arguments.kills):
            out = work / f"killed{number}"
            job = subprocess.Popen(evaluate(arguments.bin_dir, work, judge, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(draw.uniform(0.2, 1) * takes)
            code = kill(job, out, draw.random() < 0.5)
            killed += code != 0
            check(code != 0 or (out / "summary.json").exists(), f"kill {number}: code {code}")
            if (out / "summary.json").exists():
                check(scores(out) == scores(work / "whole"), "a summary that is there is a whole one")
            run(*evaluate(arguments.bin_dir, work, judge, out))
            check(scores(out) == scores(work / "whole"), "the same command again: the same scores to the last digit")
        print(f"seed {arguments.seed}: {killed} of {arguments.kills} struck before the end ({takes:.1f} s)")


if __name__ == "__main__":
    main()
