#!/usr/bin/env python3
"""Peak memory of helio-eval by the number of pictures: of a tiny generator's pictures by all scores, of a folder's, and of the scores alone with Inception's
2,048 features (scores_bench). Usage: tests/bench/evaluation_bench.py [--few 3000] [--many 30000] [--threads 2]. Prints Markdown."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build/release/bin"
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import run  # noqa: E402
from scenarios import make_classifier, make_data, toy_flags  # noqa: E402


def peak(*command):
    """Peak resident bytes of a program that must end well."""
    job = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT)
    said = job.stderr.read().decode()
    _, status, usage = os.wait4(job.pid, 0)
    job.returncode = os.waitstatus_to_exitcode(status)
    if job.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {job.returncode}\n{said[-2000:]}")
    return usage.ru_maxrss * 1024


def make_run(work):
    """Flags of helio-eval: a run of a tiny generator with 64-pixel pictures, and its judges (all have learned next to nothing), the classifier last."""
    make_data(BIN, work)
    shape = ["--stages=3", "--threads=2"]
    classifier = make_classifier(BIN, work, steps=3)
    damsm = [f for f in toy_flags(work, 2) if not f.startswith(("--flagfile", "--ema"))]
    run(BIN / "helio-pretrain", f"--flagfile={ROOT}/configs/toy/damsm.flags", *damsm, "--evaluate_images=40", f"--out={work}/damsm")
    run(BIN / "helio-train", *toy_flags(work, 2), *shape, f"--out={work}/run")
    return [f"--data={work}/data", f"--checkpoint={work}/run", f"--damsm={work}/damsm/best.safetensors", f"--classifier={classifier}"]


def draw_folder(folder, count, side=32):
    folder.mkdir()
    random = numpy.random.default_rng(1)
    for i in range(count):
        Image.fromarray(random.integers(0, 255, (side, side, 3), dtype=numpy.uint8)).save(folder / f"{i:05d}.png", compress_level=0)


def measure(few, many, threads):
    """(what, peak bytes of few pictures, of many)."""
    with tempfile.TemporaryDirectory(prefix="helio_bench_", dir="/dev/shm") as name:
        work = pathlib.Path(name)
        scores = ["--fid", "--kid", "--prdc", f"--threads={threads}"]
        flags = make_run(work)
        yield "a tiny generator, all scores", *(peak(BIN / "helio-eval", *flags, *scores, f"--images={n}", f"--out={work}/out{n}") for n in (few, many))
        for count in (few, many):
            draw_folder(work / f"pictures{count}", count)
        yield "a folder against itself", *(peak(BIN / "helio-eval", f"--fake={work}/pictures{n}", f"--real={work}/pictures{n}", "--image_trunk=small",
                                                flags[-1], *scores, f"--out={work}/folder{n}") for n in (few, many))
        yield "Inception's 2,048 features, FID and KID", *(peak(BIN / "scores_bench", n) for n in (few, many))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("few", 3000), ("many", 30000), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    a = parser.parse_args()
    print(f"| helio-eval of | peak at {a.few:,}, MB | at {a.many:,}, MB | bytes a picture |\n|---|---:|---:|---:|")
    for what, small, large in measure(a.few, a.many, a.threads):
        print(f"| {what} | {small / 1e6:.0f} | {large / 1e6:.0f} | {(large - small) / (a.many - a.few):,.0f} |", flush=True)


if __name__ == "__main__":
    main()
