#!/usr/bin/env python3
"""Images per second of N ranks: ours under mpirun beside PyTorch DDP (gloo) running the published models
(../shared/reference/bench_reference.py), at the published CUB size and the same global batch, in turn on the same
machine: tests/bench/ddp_bench.py [--models mirrorgan,attngan] [--batches 4,8] [--ranks 2] [--steps 2] [--rounds 3]
One thread a rank. DDP's batch norm is local to a rank, ours spans the global batch. Prints a Markdown table; each
figure is the fastest of the rounds, because a busy machine only ever adds time."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import step_bench

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
THEIRS = os.path.join(ROOT, "..", "shared", "reference", "bench_reference.py")


def ours(model, batch, arguments):
    words = ("cpu", "shard") if arguments.shard_optimizer else ("cpu",)
    timing = step_bench.ours(model, batch, arguments.steps, 1, *words, ranks=arguments.ranks)
    return batch / timing["seconds"], timing["phases"]


def theirs(model, batch, arguments):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run([sys.executable, THEIRS, "--model", model, "--batch", str(batch // arguments.ranks), "--ddp",
                        str(arguments.ranks), "--threads", "1", "--iters", str(arguments.steps), "--modes", "fused",
                        "--json", out.name], check=True, capture_output=True)
        return json.load(out)["fused"]["images_per_s"]


def compare(model, batch, arguments):
    rates, phases, peers = [], [], []
    for _ in range(arguments.rounds):  # in turn, so that a slow spell of the machine hits both
        rate, parts = ours(model, batch, arguments)
        rates.append(rate)
        phases.append(parts)
        peers.append(theirs(model, batch, arguments))
        print(f"{model} batch {batch}: ours {rates[-1]:.3f}, DDP {peers[-1]:.3f} images/s", file=sys.stderr, flush=True)
    best = rates.index(max(rates))
    return rates[best], max(peers), phases[best]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="mirrorgan,attngan")
    parser.add_argument("--batches", default="4,8")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shard_optimizer", action="store_true", help="ours with that flag")
    arguments = parser.parse_args()
    print(f"| model, {arguments.ranks} ranks | global batch | ours, images/s | DDP, images/s | ratio | our step, ms |")
    print("|---|---:|---:|---:|---:|---|", flush=True)
    for model in arguments.models.split(","):
        for batch in map(int, arguments.batches.split(",")):
            own, peer, phases = compare(model, batch, arguments)
            parts = ", ".join(f"{name} {1e3 * seconds:.0f}" for name, seconds in phases.items())
            print(f"| {model} | {batch} | {own:.2f} | {peer:.2f} | {own / peer:.2f} | {parts} |", flush=True)


if __name__ == "__main__":
    main()
