#!/usr/bin/env python3
"""Three ranks on three virtual hosts; one is killed, stopped, or its cable is cut in the middle of training.
Usage: hosts_faults.py FAULT_PROGRAM. Exit code 77 (skipped) where the machine has no network namespaces."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from virtual_hosts import VirtualHosts  # noqa: E402

DEADLINE = 4


def is_rank(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().split()
        return fields[1].startswith("(cluster_fault") and fields[2] != "Z"
    except OSError:
        return False


def ranks_on(hosts, name):
    """Process ids of the program's ranks in a host's namespace."""
    found = subprocess.run(["ip", "netns", "pids", hosts.space(name)], capture_output=True, text=True).stdout.split()
    return [int(pid) for pid in found if is_rank(pid)]


def break_it(hosts, fault, name):
    if fault == "link":
        return hosts.link(name, "down")
    for pid in ranks_on(hosts, name):
        os.kill(pid, signal.SIGKILL if fault == "kill" else signal.SIGSTOP)


def leftovers(hosts):
    return [pid for i in range(1, hosts.count + 1) for pid in ranks_on(hosts, hosts.name(i))]


def end_mpirun(job):
    """Open MPI 4.1's mpirun waits for ever for the daemon of a host that cannot be reached."""
    try:
        job.wait(timeout=5)
        return ""
    except subprocess.TimeoutExpired:
        job.kill()
        job.wait()
        return " (mpirun had to be killed)"


def wait_for(log, word, limit=150):
    end = time.time() + limit
    while word not in log.read_text():
        if time.time() > end:
            raise TimeoutError(f"no '{word}' within {limit} s:\n{log.read_text()}")
        time.sleep(0.05)


def problem_of(hosts, fault, name, program, delay=0.5):
    """Runs a job, breaks something `delay` seconds into its training; what was wrong with its end, or None."""
    log = hosts.folder / "log"
    with log.open("w") as output:
        job = hosts.mpirun({"node1": 1, "node2": 1, "node3": 1}, [program, "none", "0", "0", str(DEADLINE), "60"],
                           stdout=output, stderr=subprocess.STDOUT)
    wait_for(log, "training")
    time.sleep(delay)
    begin = time.time()
    break_it(hosts, fault, name)
    while (left := leftovers(hosts)) and time.time() < begin + DEADLINE + 12:
        time.sleep(0.2)
    seconds = time.time() - begin
    note = end_mpirun(job)
    output = log.read_text()
    if fault == "link":
        hosts.link(name, "up")
    print(f"{fault} of {name} {delay:.2f} s into training: exit {job.returncode}, ranks gone after {seconds:.1f} s{note}", flush=True)
    rank = int(name[4:]) - 1
    wanted = {"kill": rf"(rank {rank}\b.*signal 9)", "stop": rf"missing:.*rank {rank} on {name} \(silent",
              "link": rf"missing:.*rank {rank} on {name} \(silent"}[fault]
    if job.returncode == 0 or seconds > DEADLINE + 10 or left:
        return f"not ended in time:\n{output}"
    if not re.search(wanted, output.replace("\n", " ")):
        return f"the output lacks /{wanted}/:\n{output}"
    return None


def main():
    program = sys.argv[1]
    if reason := VirtualHosts.unavailable():
        print(f"skipped: {reason}")
        return 77
    failures = 0
    with VirtualHosts(3) as hosts:
        for fault, name in [("kill", "node2"), ("stop", "node3"), ("link", "node2")]:
            if problem := problem_of(hosts, fault, name, program):
                print(f"FAILED {fault} {name}: {problem}", flush=True)
                failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
