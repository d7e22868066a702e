#!/usr/bin/env python3
"""The communicators' and reducer's suite between hosts that are far apart: 1 Gbit/s, 5 ms each way, some frames lost.
Usage: slow_hosts.py COMMUNICATOR_TEST SLOW_LINK [LOSS_PERCENT]   Exit code 77 (skipped) without network namespaces or TAP devices."""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from virtual_hosts import VirtualHosts  # noqa: E402

MBIT, DELAY_MS = 1000, 5


def ping(hosts):
    """Mean round trip between two hosts in ms, by the time a TCP connection takes."""
    probe = ("import socket, time, sys\n"
             "def once():\n"
             "    begin = time.time()\n"
             "    try: socket.create_connection((sys.argv[1], 9), timeout=5)\n"
             "    except ConnectionRefusedError: pass\n"
             "    return time.time() - begin\n"
             "once(); print(1000 * min(once() for _ in range(5)))")
    space = hosts.space("node1")
    done = subprocess.run(["nsenter", f"--net=/run/netns/{space}", sys.executable, "-c", probe, f"{hosts.net}.2"], capture_output=True, text=True, timeout=60)
    return float(done.stdout)


def main():
    program, cable = sys.argv[1:3]
    loss = sys.argv[3] if len(sys.argv) > 3 else "0.01"
    reason = VirtualHosts.unavailable() or ("" if pathlib.Path("/dev/net/tun").exists() else "no /dev/net/tun")
    if reason:
        print(f"skipped: {reason}")
        return 77
    with VirtualHosts(2) as hosts:
        hosts.slow("node1", cable, MBIT, DELAY_MS, loss)
        trip = ping(hosts)
        job = hosts.mpirun({"node1": 1, "node2": 1}, [program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            output = job.communicate(timeout=280)[0]
        finally:
            job.kill()
    passed = re.findall(r"PASSED.*?(\d+) tests", output)
    print(f"round trip {trip:.1f} ms, {loss} % of the frames lost: {passed} tests passed, exit code {job.returncode}")
    if job.returncode != 0 or not passed or trip < 2 * DELAY_MS:
        print(output[-3000:])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
