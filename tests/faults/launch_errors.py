#!/usr/bin/env python3
"""A world of the wrong size is an error, a process without launcher is a world of one, and what all ranks meet is told
once. Usage: launch_errors.py FAULT_PROGRAM HELIO_TRAIN"""
import os
import subprocess
import sys


def run(ranks, command):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMP_NUM_THREADS="1")
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks else []
    done = subprocess.run(launcher + command, env=environment, capture_output=True, text=True, timeout=150)
    return done.returncode, done.stdout + done.stderr


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
    got, output = run(ranks, command)
    if got != code:
        return f"exit {got} instead of {code}, output:\n{output}"
    if words and output.count(words) != 1:
        return f"'{words}' was said {output.count(words)} times:\n{output}"
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
