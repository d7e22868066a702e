#!/usr/bin/env python3
"""Rank 0 of a real training writes to a slow disk: the others' deadline waits for the checkpoint. Usage: slow_disk.py BIN_DIR PRELOAD"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check  # noqa: E402
from scenarios import checkpoints, make_data, toy_flags  # noqa: E402


def train(bin_dir, preload, work, name, steps, slow, *flags):
    environment = [value for setting in slow.items() for value in ("-x", "=".join(setting))]
    command = [*MPIRUN, "-n", "2", "-x", f"LD_PRELOAD={preload}", *environment, str(bin_dir / "helio-train"), *toy_flags(work, steps),
               f"--out={work}/{name}", *flags]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def disk(bin_dir, preload, work):
    flags = ["--checkpoint_every=2", "--deadline_seconds=3", "--first_deadline_seconds=120"]
    job = train(bin_dir, preload, work, "disk", 4, {"SLOW_RANK": "0", "SLOW_DISK": "0.7"}, *flags)
    log = job.communicate(timeout=200)[1]
    waited = [float(seconds) for seconds in re.findall(r"training waited ([\d.]+) s for the previous checkpoint", log)]
    check(job.returncode == 0, f"a disk slower than the deadline does not end the job ({job.returncode})" + ("" if job.returncode == 0 else "\n" + log))
    check(waited and max(waited) > 3, f"rank 0 waited {waited} s for it, longer than the deadline")
    check(4 in checkpoints(work / "disk"), "the last checkpoint is there")


if __name__ == "__main__":
    bin_dir, preload = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="helio_slow_disk_") as temporary:
        folder = pathlib.Path(temporary)
        make_data(bin_dir, folder)
        disk(bin_dir, preload, folder)
