#!/usr/bin/env python3
"""One rank of a real training gets a fraction of its processor: the log, helio_rank_straggler and the alert HelioStraggler name it, and no other.
Usage: slow_rank.py BIN_DIR"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, wait_for  # noqa: E402
from scenarios import Services, free_ports, get, make_data, toy_flags  # noqa: E402

RANKS, SLOW = 3, 1
RUNS, STANDS = 0.04, 0.16  # seconds of a cycle
RULES = ROOT / "launch/monitoring/rules/heliograph.yml"


def process_of(rank, work):
    """The process of that rank: mpirun tells it by its environment."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            ours = f"--out={work}/run".encode() in (folder / "cmdline").read_bytes().split(b"\0")
            if ours and f"OMPI_COMM_WORLD_RANK={rank}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                return int(folder.name)
        except OSError:
            pass  # ended meanwhile
    return None


def slow_down(process, stop):
    while not stop.is_set():
        try:
            os.kill(process, signal.SIGSTOP)
            time.sleep(STANDS)
            os.kill(process, signal.SIGCONT)
        except ProcessLookupError:
            return
        time.sleep(RUNS)


def flagged(base):
    """{rank: value of the metric}, of ranks that have one."""
    pages = {rank: get(f"http://127.0.0.1:{base + rank}/metrics") or "" for rank in range(RANKS)}
    found = {rank: re.search(r"^helio_rank_straggler (\d)", page, re.M) for rank, page in pages.items()}
    return {rank: int(match[1]) for rank, match in found.items() if match}


def check_alert(work, values):
    """The rule as it is, on what the ranks served."""
    if not shutil.which("promtool"):
        return print("promtool is not installed (scripts/apt-packages.txt): the rule is not tried")
    series = "".join(f"""
          - series: 'helio_rank_straggler{{rank="{rank}", run="birds", node="here"}}'
            values: "{value}x8" """ for rank, value in values.items())
    (work / "test.yml").write_text(f"""
rule_files: [{RULES}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:{series}
    promql_expr_test:
      - expr: count by (rank) (ALERTS{{alertname="HelioStraggler", alertstate="firing"}})
        eval_time: 6m
        exp_samples:
          - labels: '{{rank="{SLOW}"}}'
            value: 1
""")
    tried = subprocess.run(["promtool", "test", "rules", str(work / "test.yml")], capture_output=True, text=True)
    check(tried.returncode == 0, f"the alert HelioStraggler fires for rank {SLOW} alone {tried.stdout + tried.stderr if tried.returncode else ''}")


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="helio_slow_rank_") as folder, Services(pathlib.Path(folder)) as services:
        work, stop = pathlib.Path(folder), threading.Event()
        make_data(bin_dir, work)
        base = free_ports(1)[0]
        job = services.start("train", *MPIRUN, "-n", str(RANKS), bin_dir / "helio-train", *toy_flags(work, 100000), "--log_every=50", "--workers=1",
                             f"--metrics_port={base}", f"--out={work}/run")
        process = wait_for("the ranks", lambda: get(f"http://127.0.0.1:{base}/metrics") and process_of(SLOW, work), 100)
        brake = threading.Thread(target=slow_down, args=(process, stop))
        brake.start()
        try:
            wait_for("a rank that is named", lambda: "is slow" in services.log("train"), 300)
            named = set(re.findall(r"rank (\d+) is slow", services.log("train")))
            check(named == {str(SLOW)}, f"the log names {named}")
            values = wait_for("the metric", lambda: (now := flagged(base)).get(SLOW) == 1 and now, 60)
            check(values == {rank: int(rank == SLOW) for rank in range(RANKS)}, f"helio_rank_straggler by rank: {values}")
        finally:
            stop.set()
            brake.join()
        check_alert(work, values)
        job.send_signal(signal.SIGUSR1)
        check(job.wait(timeout=100) == 75, "the job goes on and ends in order")


if __name__ == "__main__":
    main()
