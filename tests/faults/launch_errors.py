#!/usr/bin/env python3
"""A world of the wrong size is an error, a process without launcher is a world of one. Usage: launch_errors.py PROGRAM"""
import os
import subprocess
import sys


def run(program, ranks, expected):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMP_NUM_THREADS="1")
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks else []
    command = launcher + [program, "none", "0", "0", "5", "0.2", str(expected)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


# ranks started (0: without mpirun), ranks expected -> exit code, words of the message
CASES = [
    (0, 0, 0, ""),
    (0, 1, 0, ""),
    (0, 2, 75, "came up with 1 rank on 1 host instead of 2 (the launcher did not start the others"),
    (1, 1, 0, ""),
    (2, 3, 75, "--expect_world_size: came up with 2 ranks on 1 host instead of 3"),
    (2, 2, 0, ""),
]


def main():
    failures = 0
    for ranks, expected, code, words in CASES:
        got, output = run(sys.argv[1], ranks, expected)
        if got != code or words not in output:
            print(f"FAILED {ranks} ranks, {expected} expected: exit {got}, output:\n{output}")
            failures += 1
    print(f"{len(CASES)} launches, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
