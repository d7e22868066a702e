#!/usr/bin/env python3
"""Clients misbehave at the exporter of a real training - silent, half requests, endless headers, a thousand connections that stay open or are dropped -
while it is scraped: every scrape is answered, the training takes no longer, writes its checkpoints and has no more files open. Usage: exporter_abuse.py BIN_DIR"""
import pathlib
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, wait_for  # noqa: E402
from scenarios import Services, checkpoints, free_ports, get, make_data, toy_flags  # noqa: E402

MANY = 1000
FILES = 256  # that the training may have open: fewer than there are clients
PLACES = 32  # of them are put by for clients


class Scraper(threading.Thread):
    """Scrapes without a pause; notes how long each took and what the page said of the training."""

    def __init__(self, port):
        super().__init__()
        self.port, self.seconds, self.failures, self.over = port, [], 0, threading.Event()

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            self.failures += "helio_step " not in (get(f"http://127.0.0.1:{self.port}/metrics") or "")
            self.seconds.append(time.monotonic() - began)
            time.sleep(0.02)


def scraped_during(port, abuse):
    scraper = Scraper(port)
    scraper.start()
    abuse()
    scraper.over.set()
    scraper.join()
    return scraper


def clients(port, first_words=b"", count=MANY):
    sockets = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        try:
            client.sendall(first_words)
        except OSError:
            pass  # it was shown out
        sockets.append(client)
    return sockets


def stay(port, first_words=b"", seconds=1.5):
    held = clients(port, first_words)
    time.sleep(seconds)
    for client in held:
        client.close()


def drip(port, seconds=3):
    """A byte every now and then, from many."""
    held, end = clients(port, b"G", 50), time.monotonic() + seconds
    while time.monotonic() < end:
        for client in held:
            try:
                client.sendall(b"x")
            except OSError:
                pass
        time.sleep(0.2)


def endless(port):
    for words in (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * (1 << 20), b"x" * (1 << 20), b"GET /" + b"\r\n" * 10000, bytes(range(256)) * 100):
        for client in clients(port, words, 20):
            client.close()


def step(port):
    found = re.search(r"^helio_step (\d+)", get(f"http://127.0.0.1:{port}/metrics") or "", re.M)
    return int(found[1]) if found else 0


def open_files(process):
    return len(list(pathlib.Path(f"/proc/{process}/fd").iterdir()))


def seconds_of_steps(port, count):
    began, first = time.monotonic(), step(port)
    wait_for(f"{count} steps", lambda: step(port) >= first + count, 200, 0.05)
    return (time.monotonic() - began) / count


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory(prefix="helio_abuse_") as folder, Services(pathlib.Path(folder)) as services:
        work, port = pathlib.Path(folder), free_ports(1)[0]
        make_data(bin_dir, work)
        job = services.start("train", "prlimit", f"--nofile={FILES}", bin_dir / "helio-train", *toy_flags(work, 1000000), f"--metrics_port={port}",
                             "--checkpoint_every=20", f"--out={work}/run")
        wait_for("the training", lambda: step(port) > 10, 100)
        files, alone = open_files(job.pid), seconds_of_steps(port, 20)
        kinds = {"silent": lambda: stay(port), "half a request": lambda: stay(port, b"GET /metrics HTTP/1.1\r\nHost:"), "a byte at a time": lambda: drip(port),
                 "endless": lambda: endless(port), "gone at once": lambda: stay(port, b"GET /metrics HTTP/1.1\r\n\r\n", 0)}
        for kind, abuse in kinds.items():
            scraper = scraped_during(port, abuse)
            check(scraper.failures == 0, f"{kind}: {len(scraper.seconds)} scrapes, {scraper.failures} without an answer, the slowest took {max(scraper.seconds):.3f} s")
            check(open_files(job.pid) <= files + PLACES, f"{kind}: {open_files(job.pid)} files are open, {files} before")
        held = clients(port)
        beside = seconds_of_steps(port, 20)
        newest = max(checkpoints(work / "run"), default=0)
        wait_for("a later checkpoint", lambda: max(checkpoints(work / "run"), default=0) > newest, 100)
        check(job.poll() is None, f"the training goes on, with checkpoints; a step took {alone:.3f} s alone, {beside:.3f} s beside {len(held)} silent clients")
        check(subprocess.run(["kill", "-USR1", str(job.pid)]).returncode == 0 and job.wait(timeout=60) == 75, "and ends in order")


if __name__ == "__main__":
    main()
