#!/usr/bin/env python3
"""A rank is stopped or killed where a job begins, splits and ends, or something is thrown inside the engine: the whole job must end in
time and say where and, as far as it can be known, who. Usage: edge_faults.py PROGRAM [PLACE...], or edge_faults.py PROGRAM --random=N [--seed=S]:
so many faults drawn from all places, ranks and instants."""
import random
import re
import subprocess
import sys
import time

from cluster_faults import DEADLINE, RANKS, launch

BLOCKING = r"{call} on rank \d on \S+ passed its deadline of 3 s: another rank is stopped"
MISSING = r"missing:.*\brank {rank} on \S+ \(silent for"
# Place, fault, rank, what is said.
STOPS = [
    ("init", "stop", 1, BLOCKING.format(call="MPI_Init")),
    ("start", "stop", 2, r"start-up passed its deadline of 3 s; missing: rank 2 "),
    ("start", "stop", 0, r"start-up passed its deadline of 3 s; missing: rank 0 "),
    ("hosts", "stop", 1, BLOCKING.format(call="MPI_Comm_split_type")),
    ("split", "stop", 1, MISSING.format(rank=1)),
    ("split", "stop", 0, MISSING.format(rank=0)),
    ("goodbye", "stop", 2, r"the end of the job on rank 0 passed its deadline of 3 s; missing: rank 2 on \S+ \(silent"),
    ("goodbye", "stop", 0, r"the end of the job on rank [12] passed its deadline of 3 s; missing: rank 0 "),
    ("finalize", "stop", 1, BLOCKING.format(call="MPI_Finalize")),
    ("init", "kill", 1, None), ("start", "kill", 0, None), ("split", "kill", 2, None), ("goodbye", "kill", 1, None), ("finalize", "kill", 2, None),
]
WORDS = {"bad_alloc": "std::bad_alloc", "runtime_error": "injected", "c10": "injected", "int": "an exception of unknown type"}
THROWS = [("operation", fault, rank, rf"rank {rank} failed: all_reduce #\d+ '.*' of world at step \d+: {words}")
          for rank, (fault, words) in enumerate(list(WORDS.items())[:3])]
THROWS += [("operation", "int", 1, rf"rank 1 failed: all_reduce #\d+ .* at step \d+: {WORDS['int']}")]
THROWS += [("heartbeat", fault, 1, rf"rank 1 failed: the engine at step \d+ after all_reduce #\d+ .*: {words}") for fault, words in WORDS.items()]


def problem_of(only, program, place, fault, rank, wanted, limit=2 + DEADLINE + 10):
    call = 30 if place == "operation" else 1
    if only and place not in only:
        return None
    code, output, seconds = launch(program, fault, rank, call, 2 if place in ("goodbye", "finalize") else 60, place)
    print(f"{fault} of rank {rank} at {place}: exit {code} after {seconds:.1f} s", flush=True)
    if code == 0:
        return "the job ended well"
    if seconds > limit:
        return f"took {seconds:.1f} s"
    if wanted and (code not in (75, None) or not re.search(wanted, output.replace("\n", " "))):
        return f"exit code {code}; the output lacks /{wanted}/ or the code is not 75:\n{output}"
    # A stopped rank that is woken to be ended may speak, too.
    said = [line for line in output.splitlines() if re.search("passed its deadline|failed: ", line) and f"[{rank}/{RANKS}]" not in line
            and f"on rank {rank} on" not in line]
    if wanted and fault == "stop" and len(said) != 1:
        return f"said more than once:\n{output}"
    if "terminate called" in output or "signal 6" in output:
        return f"ended in std::terminate:\n{output}"
    return None


def own_work_problems(program):
    """A rank's own long work does not run into the others' deadline, and ends after --first_deadline_seconds (10) all the same."""
    for rank, seconds, expected in [(0, 7, 0), (2, 7, 0), (0, 40, 75)]:
        code, output, took = launch(program, "delay", rank, seconds, 1, "own_work")
        print(f"{seconds} s of own work of rank {rank}: exit {code} after {took:.1f} s", flush=True)
        if code != expected or (code and f"missing: rank {rank} on" not in output):
            yield f"{seconds} s of rank {rank}: exit {code} instead of {expected}:\n{output}"


def draw(runs, seed):
    """(place, fault, rank): one that stands still inside MPI, or dies there, is found by deadlines or the launcher."""
    generator = random.Random(seed)
    return [(generator.choice(["init", "start", "hosts", "split", "goodbye", "finalize"]), generator.choice(["stop", "kill"]), generator.randrange(RANKS), None)
            for _ in range(runs)]


def strike_at_random(program, runs, seed):
    """The number of jobs that did not end in time with an error that says something."""
    failures, began = 0, time.time()
    start = max(launch(program, "none", 0, 1, 0)[2] for _ in range(3))  # what a job without a fault takes on this machine, at this load
    for case in draw(runs, seed):
        try:
            problem = problem_of([], program, *case, limit=2 * start + 2 + DEADLINE + 10)
        except subprocess.TimeoutExpired as late:
            problem = f"did not end within {late.timeout} s:\n{(late.stdout or b'').decode()}{(late.stderr or b'').decode()}"
        if problem:
            print(f"FAILED {case}: {problem}", flush=True)
            failures += 1
    print(f"{runs} random faults with seed {seed}, {failures} failures, {time.time() - began:.0f} s")
    return failures


def main():
    if chosen := dict(word[2:].split("=") for word in sys.argv[2:] if word.startswith("--")):
        return min(1, strike_at_random(sys.argv[1], int(chosen["random"]), int(chosen.get("seed", 1))))
    failures = 0
    for problem in own_work_problems(sys.argv[1]) if sys.argv[2:] in ([], ["own_work"]) else []:
        print(f"FAILED own work: {problem}", flush=True)
        failures += 1
    for case in STOPS + THROWS:
        if problem := problem_of(sys.argv[2:], sys.argv[1], *case):
            print(f"FAILED {case}: {problem}", flush=True)
            failures += 1
    print(f"{len(STOPS + THROWS)} faults, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
