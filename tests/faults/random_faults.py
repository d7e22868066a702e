#!/usr/bin/env python3
"""Random faults over ranks and moments: three ranks on three virtual hosts train; one is killed (-9), stopped, or its
cable is cut. Every job must end within the deadline + 10 s, and name the rank.
Usage: random_faults.py FAULT_PROGRAM [--runs 3] [--seed 1]   Exit code 77 (skipped) without network namespaces."""
import argparse
import collections
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from hosts_faults import VirtualHosts, problem_of  # noqa: E402

HOSTS = 3
FAULTS = ["kill", "stop", "link"]


def draw(runs, seed):
    generator = random.Random(seed)
    return [(generator.choice(FAULTS), f"node{generator.randint(1, HOSTS)}", generator.uniform(0, 2))
            for _ in range(runs)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if reason := VirtualHosts.unavailable():
        print(f"skipped: {reason}")
        return 77
    failures, kinds = 0, collections.Counter()
    for fault, name, delay in draw(arguments.runs, arguments.seed):
        kinds[fault] += 1
        with VirtualHosts(HOSTS) as hosts:  # new ones each time: a mended cable is another matter
            if problem := problem_of(hosts, fault, name, arguments.program, delay):
                print(f"FAILED {fault} {name} at {delay:.2f} s: {problem}", flush=True)
                failures += 1
    print(f"{arguments.runs} faults ({', '.join(f'{kinds[kind]} {kind}' for kind in FAULTS)}), {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
