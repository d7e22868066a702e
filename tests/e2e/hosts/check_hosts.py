#!/usr/bin/env python3
"""mpirun over three hosts (network namespaces, an rsh agent instead of sshd): one run, a rank a host; its target list names all three, and
each host's endpoint answers under its own name. Usage: check_hosts.py BIN_DIR"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run, wait_for  # noqa: E402
from scenarios import checkpoints, losses, make_data, toy_flags  # noqa: E402
from virtual_hosts import VirtualHosts  # noqa: E402

BIN = pathlib.Path(sys.argv[1])
HOSTS = {"node1": 1, "node2": 1, "node3": 1}


def serves(hosts, host, port):
    """What a host's endpoint says to a client on that host."""
    request = f"exec 3<>/dev/tcp/{hosts.net}.{host[4:]}/{port}; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
    done = subprocess.run(["nsenter", f"--net=/run/netns/{hosts.space(host)}", "bash", "-c", request], capture_output=True, text=True, timeout=20)
    return done.stdout


def start(hosts, work, name, flags):
    log = (work / f"{name}.log").open("w")
    program = [str(BIN / "helio-train"), *flags, f"--out={work}/{name}", "--expect_world_size=3", "--metrics_port=9700", "--metrics_bind=0.0.0.0"]
    return hosts.mpirun(HOSTS, program, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)


def one_rank_a_host(hosts, work):
    job = start(hosts, work, "long", toy_flags(work, 1000000))
    wait_for("steps on three hosts", lambda: losses(work / "long"), 180)
    targets = json.loads((work / "long/prometheus-targets.json").read_text())
    named = {(t["targets"][0], t["labels"]["rank"], t["labels"]["node"]) for t in targets}
    check(named == {(f"{name}:9700", str(i), name) for i, name in enumerate(HOSTS)}, f"targets: {sorted(named)}")
    for name in HOSTS:
        check("helio_world_size 3" in serves(hosts, name, 9700), f"{name} serves the metrics of a world of three")
    job.send_signal(signal.SIGUSR1)
    check(job.wait(timeout=120) == 75, "USR1 to mpirun reaches all hosts: exit code 75")
    return checkpoints(work / "long")[-1]


def main():
    if reason := VirtualHosts.unavailable():
        print(f"skipped: {reason}")
        return 77
    with tempfile.TemporaryDirectory(prefix="helio_hosts_") as folder, VirtualHosts(3) as hosts:
        work = pathlib.Path(folder)
        make_data(BIN, work)
        plan = run(BIN / "helio-train", *toy_flags(work, 6), f"--out={work}/dry", "--dry_run").out
        check("6 steps of 8 images on 1 ranks" in plan and "--gf=4\n" in plan and "frozen networks" in plan and not (work / "dry").exists(),
              "--dry_run: flags, steps and memory, and nothing is started")
        try:
            reached = one_rank_a_host(hosts, work)
            job = start(hosts, work, "long", toy_flags(work, reached + 2))
            check(job.wait(timeout=240) == 0 and checkpoints(work / "long")[-1] == reached + 2, f"resumes at {reached} and ends")
        except SystemExit:
            print(*((f.name, f.read_text()[-3000:]) for f in work.glob("*.log")), sep="\n")
            raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
