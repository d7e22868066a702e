#!/usr/bin/env python3
"""A day's worth of steps in short: a tiny training of two ranks with everything on - scraped, checkpoints, evaluations, samples, weights compared, a stop signal
and a resume now and then. After the first 1,000 steps neither memory nor files nor threads grow. Usage: soak_steps.py BIN_DIR [--steps 100000] [--warm 1000]"""
import argparse
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check  # noqa: E402
from scenarios import checkpoints, free_ports, get, make_classifier, make_data, toy_flags  # noqa: E402
from program_faults import ranks  # noqa: E402

MAY_GROW = {"memory (MB)": 24, "files": 2, "threads": 1}  # what comes and goes: a batch more or less in flight, a scrape


def use_of(process):
    """What a process holds, by kind; None when it is gone."""
    folder = pathlib.Path(f"/proc/{process}")
    try:
        status = (folder / "status").read_text()
        return {"memory (MB)": int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024, "files": len(list((folder / "fd").iterdir())),
                "threads": int(re.search(r"Threads:\s+(\d+)", status)[1])}
    except (OSError, TypeError):
        return None


class Attempt:
    """One job, from its start or resume to a signal or its end; watched by scraping it."""

    def __init__(self, command, out, base):
        self.out, self.base, self.samples = out, base, []
        self.log = (out.parent / "train.log").open("a")
        self.job = subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log)
        self.over = threading.Event()
        self.scraper = threading.Thread(target=self.scrape)
        self.scraper.start()

    def scrape(self):
        while not self.over.wait(1):
            pages = [get(f"http://127.0.0.1:{self.base + rank}/metrics") for rank in (0, 1)]
            step = re.search(r"^helio_step (\d+)", pages[0] or "", re.M)
            uses = {rank: use_of(process) for rank, process in ranks(self.out).items()}
            if step and all(pages) and len(uses) == 2 and all(uses.values()):
                self.samples.append((int(step[1]), uses))

    def wait(self, seconds):
        try:
            return self.job.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.job.send_signal(signal.SIGUSR1)
            return self.job.wait(timeout=120)
        finally:
            self.over.set()
            self.scraper.join()
            self.log.close()


def growth(samples, first_step):
    """{(rank, kind): how much the last quarter's median is above that of the quarter after the warm steps}."""
    later = [uses for step, uses in samples if step >= first_step]
    if len(later) < 8:
        return {}
    quarter = len(later) // 4
    median = lambda part, rank, kind: sorted(uses[rank][kind] for uses in part)[len(part) // 2]  # noqa: E731
    return {(rank, kind): median(later[-quarter:], rank, kind) - median(later[:quarter], rank, kind) for rank in (0, 1) for kind in MAY_GROW}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin_dir", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=100000)
    parser.add_argument("--warm", type=int, default=1000)
    parser.add_argument("--attempt_seconds", type=int, default=3600, help="after which a job is stopped and resumed")
    parser.add_argument("--seconds", type=int, default=0, help="give up the rest of the steps after this time (0: never)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="helio_soak_") as folder:
        work, began = pathlib.Path(folder), time.time()
        make_data(arguments.bin_dir, work)
        base, out, attempts = free_ports(1)[0], work / "run", 0
        command = [*MPIRUN, "-n", "2", str(arguments.bin_dir / "helio-train"), *toy_flags(work, arguments.steps), "--batch=4", "--base_side=16", "--stages=1", "--log_every=100",
                   "--checkpoint_every=100", "--sample_every=250", "--evaluate_every=500", "--evaluate_images=40", "--check_weights_every=50", "--workers=1",
                   f"--classifier={make_classifier(arguments.bin_dir, work, steps=2)}", f"--metrics_port={base}", f"--out={out}"]
        code = 75
        while code == 75 and (not arguments.seconds or time.time() - began < arguments.seconds):
            attempts += 1
            first = max(checkpoints(out), default=0)
            left = arguments.seconds - (time.time() - began) if arguments.seconds else arguments.attempt_seconds
            attempt = Attempt(command, out, base)
            code = attempt.wait(min(arguments.attempt_seconds, max(left, 30)))
            check(code in (0, 75), f"attempt {attempts}: code {code}, steps {first} to {max(checkpoints(out), default=0)}, {len(attempt.samples)} looks, "
                  f"{time.time() - began:.0f} s" + ("" if code in (0, 75) else "\n" + (work / "train.log").read_text()[-3000:]))
            grown = growth(attempt.samples, first + arguments.warm)
            print({f"rank {rank}, {kind}": round(value, 1) for (rank, kind), value in grown.items()} or "too short to say whether anything grows", flush=True)
            check(all(value <= MAY_GROW[kind] for (_, kind), value in grown.items()), f"attempt {attempts}: nothing grows")


if __name__ == "__main__":
    main()
