#!/usr/bin/env python3
"""A world of the wrong size is an error, a process without launcher is a world of one, and what all ranks meet is told
once. Usage: launch_errors.py FAULT_PROGRAM HELIO_TRAIN"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, run  # noqa: E402


def world(program, expected):
    return [program, "none", "0", "0", "5", "0.2", str(expected)]


def cases(program, train):
    """Ranks (0: without mpirun), command, exit code, what is said (exactly once)."""
    return [
        (0, world(program, 0), 0, None),
        (0, world(program, 1), 0, None),
        (0, world(program, 2), 75, "came up with 1 rank on 1 host instead of 2 (the launcher did not start the others"),
        (1, world(program, 1), 0, None),
        (2, world(program, 3), 75, "--expect_world_size: came up with 2 ranks on 1 host instead of 3"),
        (2, world(program, 2), 0, None),
        (3, [program, "fail", "-1", "4", "5"], 75, "rank 0 failed: all_reduce #4"),  # all ranks at once
        (3, [program, "fail", "-1", "4", "5"], 75, "injected failure"),
        (3, [train, "--recipe=nosuch", "--data=x", "--out=y"], 1, "these flags need attention"),
        (3, [train, "--recipe=attngan", "--data=/nonexistent", "--out=y"], 1, "/nonexistent"),
    ]


def problem_of(ranks, command, code, words):
    launcher = [*MPIRUN, "-n", ranks] if ranks else []
    done = run(*launcher, *command, expect=None, timeout=150, OMP_NUM_THREADS="1")
    if done.code != code:
        return f"exit {done.code} instead of {code}, output:\n{done.said}"
    if words and done.said.count(words) != 1:
        return f"'{words}' was said {done.said.count(words)} times:\n{done.said}"
    return None


def main():
    failures = 0
    launches = cases(*sys.argv[1:3])
    for case in launches:
        if problem := problem_of(*case):
            print(f"FAILED {case}: {problem}")
            failures += 1
    print(f"{len(launches)} launches, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
