#!/usr/bin/env python3
"""One rank of a job is killed, stopped, hangs or throws: the whole job must end in time and name the rank.
Usage: cluster_faults.py PROGRAM [RUNS [SEED]]   RUNS random faults instead of the fixed list."""
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN  # noqa: E402  (also lets mpirun run as root)

DEADLINE = 3
RANKS = 3
# kill: mpirun itself notices and names the rank; stop and hang: our watchdog; fail: the rank says why.
EXPECTED = {
    "kill": r"(process|mpirun).*rank {rank}\b.*(signal 9|Killed)",
    "stop": r"missing:.*\brank {rank} on \S+ \(silent for",
    "hang": r"missing:.*\brank {rank} on \S+ \((alive|busy elsewhere)",
    "fail": r"rank {rank} failed: .*injected failure",
}
FIXED = [("kill", 1, 40), ("kill", 0, 20), ("stop", 1, 31), ("stop", 0, 50), ("hang", 2, 12), ("hang", 0, 61),
         ("fail", 2, 9), ("fail", 0, 30), ("none", 0, 1)]


def launch(program, fault, rank, call, seconds, place="communicator"):
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    command = [*MPIRUN, "-n", str(RANKS), program, fault, str(rank), str(call), str(DEADLINE), str(seconds), "0", place]
    begin = time.time()
    with tempfile.TemporaryFile("w+") as text:
        job = subprocess.Popen(command, env=environment, stdout=text, stderr=text)
        code, seconds = end_of(job, begin + 90)
        text.seek(0)
        output = text.read()
    if code is None:  # what it had said before
        told = re.search(r"Exit code:\s+(\d+)", output)
        code = int(told[1]) if told else 137
        print("mpirun had to be killed: its ranks were gone", flush=True)
    return code, output, seconds


def living_children(pid):
    states = [pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0]
              for thread in pathlib.Path(f"/proc/{pid}/task").iterdir() for child in (thread / "children").read_text().split()]
    return sum(state not in "ZX" for state in states)


def end_of(job, limit):
    """Exit code and time of a job's end. Open MPI 4.1's mpirun may lock itself up (PMIx_server_finalize) when it has told of the failure and all its
    ranks are gone: then it is killed, and the code is None. launch/mpirun/run does so after --ending. Or it crashes there: None, too."""
    begin, gone = time.time(), None
    while job.poll() is None:
        now = time.time()
        try:
            gone = None if living_children(job.pid) or now < begin + 3 else gone or now
        except OSError:
            pass  # somebody is just leaving
        if gone and now > gone + 10 or now > limit:
            job.kill()
            job.wait()
            if gone:
                return None, gone - begin
            raise subprocess.TimeoutExpired(job.args, limit - begin)
        time.sleep(0.05)
    return None if job.returncode == -signal.SIGSEGV else job.returncode, time.time() - begin


def problem_of(program, fault, rank, call):
    code, output, seconds = launch(program, fault, rank, call, 60 if fault != "none" else 1)
    if fault == "none":
        return None if code == 0 else f"a healthy job ended with {code}:\n{output}"
    wanted = EXPECTED[fault].format(rank=rank)
    print(f"{fault} of rank {rank} at call {call}: exit {code} after {seconds:.1f} s", flush=True)
    if code == 0:
        return "the job ended well"
    if seconds > DEADLINE + 10:
        return f"took {seconds:.1f} s"
    if not re.search(wanted, output.replace("\n", " ")):
        return f"the output lacks /{wanted}/:\n{output}"
    if fault in ("stop", "hang") and not re.search(r"all_reduce #\d+ '.*' of world at step \d+ on rank", output):
        return f"collective and step are not named:\n{output}"
    if fault != "kill" and code != 75:
        return f"exit code {code} instead of 75"
    return None


def random_faults(runs, seed):
    generator = random.Random(seed)
    return [(generator.choice(["kill", "stop", "hang", "fail"]), generator.randrange(RANKS), generator.randint(1, 200))
            for _ in range(runs)]


def main():
    program = sys.argv[1]
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    faults = random_faults(runs, int(sys.argv[3]) if len(sys.argv) > 3 else 1) if runs else FIXED
    failures = 0
    for fault, rank, call in faults:
        if problem := problem_of(program, fault, rank, call):
            print(f"FAILED {fault} rank {rank} call {call}: {problem}", flush=True)
            failures += 1
    print(f"{len(faults)} faults, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
