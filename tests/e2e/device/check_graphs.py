#!/usr/bin/env python3
"""--cuda_graph on simulated CUDA devices whose streams are queues with random delays: the same bits as without it, far fewer launches; where nothing
can be captured a line says why, and the run goes on as ever.
Usage: check_graphs.py BIN_DIR SIMULATED_DEVICE_DIR [--write] [SYSTEM...]   SYSTEM all: every one of graph_launches.json;
--write: that file anew, after a change that is meant."""
import json
import math
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from check_device import BIN, DEVICE, flags, record, systems, workspace  # noqa: E402
from checks import MPIRUN, check, run  # noqa: E402
from scenarios import tensors  # noqa: E402

TABLE = HERE / "graph_launches.json"
# Two as they are, one captured, three launched; evaluated, sampled, and with a checkpoint on the way.
STEPS = 6
QUIET = ["--log_every=1000", "--checkpoint_every=0", "--evaluate_every=0", "--sample_every=0", "--ema_batch_norm=live", "--resume=none"]
COUNTED = (4, 8)
# The others: what is said.
WHY = {"ppgn": "not every player takes part in every step", "gawwn_box": "a player differentiates through what an update has changed",
       "cyclegan": "it asks the host in its steps", "damsm": "it asks the host in its steps"}
OTHER_RANKS = "batch norm asks other ranks in the middle of a step"

os.environ.update(OMP_NUM_THREADS="1", SIM_DEVICES="2")


def train(program, system, work, name, *more, ranks=1, seed=1, steps=STEPS):
    """(the run's folder, what it said)"""
    os.environ["SIM_ASYNC"] = str(seed)
    out = work / f"{system}-{name}"
    launcher = MPIRUN + ["-n", str(ranks)] if ranks > 1 else []
    return out, run(*launcher, DEVICE / "run", BIN / program, *flags(system, work, steps), "--checkpoint_every=2", f"--out={out}", *more).said


def graphs(said):
    return [int(n) for n in re.findall(r"(\d+) of the launches were graphs", said)]


def same_bits(what, ours, theirs):
    check(tensors(ours, STEPS) and tensors(ours, STEPS) == tensors(theirs, STEPS) and record(ours) == record(theirs), f"{what}: the same bits")


def captured(program, system, work, *more, name=""):
    plain, _ = train(program, system, work, "plain" + name, *more)
    for seed in (1, 2):
        ours, said = train(program, system, work, f"graphs{seed}{name}", "--cuda_graph", *more, seed=seed)
        check(graphs(said) and "nothing is captured" not in said, f"{system}: {graphs(said)} launches of graphs")
        same_bits(f"{system} with graphs, delays {seed}", ours, plain)
    for steps in (STEPS // 2, STEPS):
        resumed, _ = train(program, system, work, "resumed" + name, "--cuda_graph", *more, steps=steps)
    same_bits(f"{system} with graphs, stopped and resumed", resumed, plain)


def on_ranks(program, system, work):
    """Batch norm and negatives of each rank: captured. Of all: a line."""
    local = ["--batch_norm=local", "--negatives=local"]
    plain, _ = train(program, system, work, "ranks", *local, ranks=2)
    ours, said = train(program, system, work, "ranks-graphs", "--cuda_graph", *local, ranks=2)
    check(len(graphs(said)) == 2, f"{system} on two ranks, statistics of each: {graphs(said)} launches of graphs")
    same_bits(f"{system} on two ranks with graphs", ours, plain)
    plain, _ = train(program, system, work, "all", ranks=2)
    ours, said = train(program, system, work, "all-graphs", "--cuda_graph", ranks=2)
    check(said.count(OTHER_RANKS) == 1 and not graphs(said), f"{system} on two ranks, statistics of all: one line says why nothing is captured")
    same_bits(f"{system} on two ranks without graphs", ours, plain)


def falls_back(program, system, work, *more, why):
    ours, said = train(program, system, work, "back", "--cuda_graph", *more, steps=4)
    check(said.count(f"--cuda_graph: nothing is captured: {why}") == 1 and not graphs(said), f"{system}: one line says why nothing is captured: {why}")


def on_a_cpu(program, system, work):
    said = run(BIN / program, *flags(system, work, 1), "--cuda_graph", f"--out={work}/{system}-cpu").said
    check(said.count("--cuda_graph: nothing is captured: a CPU has no graphs") == 1, f"{system} on a CPU: a line says so")


def a_step(program, system, work):
    """Kernel launches of a step with graphs, synchronisations, copies to the host: counted with kernels that do nothing."""
    counts = []
    for steps in COUNTED:
        os.environ.update(SIM_KERNELS="none", SIM_ASYNC="")
        said = run(DEVICE / "run", BIN / program, *flags(system, work, steps), *QUIET, "--cuda_graph", f"--out={work}/{system}-count").said
        counts.append([int(n) for n in re.search(r"(\d+) kernel launches, (\d+) host synchronisations, (\d+) copies", said).groups()] + graphs(said))
    del os.environ["SIM_KERNELS"]
    return [(b - a) / (COUNTED[1] - COUNTED[0]) for a, b in zip(*counts)]


def main():
    names = [a for a in sys.argv[3:] if a != "--write"] or ["mirrorgan", "gan_int_cls", "stackgan2"]
    allowed, seen = json.loads(TABLE.read_text()) if TABLE.exists() else {}, {}
    names = list(allowed) if "all" in names else names
    with workspace("graphs") as work:
        for program, system in systems():
            if system in WHY and len(sys.argv) == 3:
                falls_back(program, system, work, why=WHY[system])
            if system not in names:
                continue
            launches, waits, copies, launched = a_step(program, system, work)
            seen[system] = math.ceil(launches)
            print(f"{system}: {launches:.0f} launches, {launched:g} of them graphs, {waits:g} host synchronisations, {copies:g} copies to the host a step", flush=True)
            if "--write" in sys.argv:
                continue
            check(launches <= allowed.get(system, 0), f"{system}: at most {allowed.get(system)} launches a step with graphs (graph_launches.json)")
            check(waits == 0 and copies == 0, f"{system}: the host does not wait for the device")
            captured(program, system, work)
            if system == "mirrorgan":
                captured(program, system, work, "--precision=bfloat16", name="-bfloat16")
                on_ranks(program, system, work)
                on_a_cpu(program, system, work)
                falls_back(program, system, work, "--accumulate=2", why="--accumulate holds the fakes of several micro-batches at once")
    if "--write" in sys.argv:
        TABLE.write_text(json.dumps({**allowed, **seen}, indent=1) + "\n")


if __name__ == "__main__":
    main()
