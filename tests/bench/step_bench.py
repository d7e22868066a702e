#!/usr/bin/env python3
"""One step of ours beside the published code's (../shared/reference/bench_reference.py), by phase, in turn on the same
machine: tests/bench/step_bench.py [--models mirrorgan,attngan] [--batches 4,8] [--steps 2] [--rounds 2] [--threads 2]
Prints a Markdown table; each figure is the fastest of the rounds, because a busy machine only ever adds time."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
OURS = os.path.join(ROOT, "build", "release", "bin", "step_bench")
THEIRS = os.path.join(ROOT, "..", "shared", "reference", "bench_reference.py")
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")

# The same work under one name: our parts, theirs ("fused" mode: the published statement order).
PHASES = {
    "text + G forward": (["prepare"], ["text", "G_fwd"]),
    "D64": (["d64"], ["D0_fwd", "D0_bwd"]),
    "D128": (["d128"], ["D1_fwd", "D1_bwd"]),
    "D256": (["d256"], ["D2_fwd", "D2_bwd"]),
    "G loss + backward": (["g_early", "d64_early", "d128_early", "d256_early", "g"], ["Gloss_fwd", "Gloss+G_bwd"]),
    "optimizers + EMA": (["wait", "update"], ["D_opt", "G_opt", "ema"]),
}


def ours(model, batch, steps, threads, *words, ranks=1):
    """step_bench's answer; `words`: its further arguments, the device first. More than one rank: under mpirun."""
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks > 1 else []
    said = subprocess.run([*launcher, OURS, model, str(batch), str(steps), str(threads), *words], check=True, capture_output=True,
                          text=True, cwd=ROOT, env=ENVIRONMENT).stdout
    return json.loads([line for line in said.splitlines() if line.startswith("{")][-1])


def theirs(model, batch, steps, threads):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run([sys.executable, THEIRS, "--model", model, "--batch", str(batch), "--threads", str(threads),
                        "--iters", str(steps), "--modes", "fused", "--json", out.name], check=True,
                       capture_output=True)
        fused = json.load(out)["fused"]
    return {"seconds": fused["s_per_iter"], "phases": fused["phases"]}


def by_phase(timing, side):
    rows = {name: sum(timing["phases"].get(part, 0) for part in parts[side]) for name, parts in PHASES.items()}
    rows["step"] = timing["seconds"]
    return rows


def fastest(tables):
    return {name: min(table[name] for table in tables) for name in tables[0]}


def compare(model, batch, arguments):
    tables = ([], [])
    for _ in range(arguments.rounds):  # in turn, so that a slow spell of the machine hits both
        tables[0].append(by_phase(ours(model, batch, arguments.steps, arguments.threads), 0))
        tables[1].append(by_phase(theirs(model, batch, arguments.steps, arguments.threads), 1))
    return fastest(tables[0]), fastest(tables[1])


def print_table(model, batch, left, right):
    print(f"\n{model}, batch {batch}\n\n| phase | ours, ms | published, ms | published / ours |\n|---|---:|---:|---:|")
    for name in left:
        print(f"| {name} | {left[name] * 1e3:.0f} | {right[name] * 1e3:.0f} | {right[name] / left[name]:.2f} |")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="mirrorgan,attngan")
    parser.add_argument("--batches", default="4,8")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    for model in arguments.models.split(","):
        for batch in arguments.batches.split(","):
            print_table(model, batch, *compare(model, int(batch), arguments))


if __name__ == "__main__":
    main()
