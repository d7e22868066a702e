#!/usr/bin/env python3
"""What a step between two log lines asks of a device, by system: kernel launches, host synchronisations, copies to the host and from it; counted on a
simulated device whose kernels do nothing. The host must never wait for it, and launches and copies from the host stay what launches.json and uploads.json
say or fewer. Usage: count_steps.py BIN_DIR SIMULATED_DEVICE_DIR [--write]   --write: these files anew, after a change that is meant."""
import json
import math
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from check_device import BIN, DEVICE, flags, systems, workspace  # noqa: E402
from checks import MPIRUN, check, run  # noqa: E402

TABLES = HERE / "launches.json", HERE / "uploads.json"
QUIET = ["--log_every=1000", "--checkpoint_every=0", "--evaluate_every=0", "--sample_every=0", "--ema_batch_norm=live", "--resume=none"]
STEPS = (3, 7)
# PPGN asks who trains in a step.
ALLOWED_WAITS = {"ppgn": 1}


def counts(program, system, work, steps, ranks):
    """(launches, synchronisations, copies to the host, copies from it) of a run of so many steps, of all ranks together."""
    os.environ["SIM_KERNELS"] = "none"
    launcher = MPIRUN + ["-n", str(ranks)] if ranks > 1 else []
    said = run(*launcher, DEVICE / "run", BIN / program, *flags(system, work, steps), *QUIET, f"--out={work}/{system}").said
    found = re.findall(r"(\d+) kernel launches, (\d+) host synchronisations, (\d+) copies to the host\]", said)
    sent = re.findall(r": (\d+) copies from the host", said)
    check(len(found) == len(sent) == ranks, f"{system}: {ranks} ranks of {steps} steps say what they asked of the device")
    return [sum(map(int, column)) for column in zip(*found)] + [sum(map(int, sent))]


def a_step(program, system, work, ranks=1):
    """The same of one step, a rank."""
    few, many = (counts(program, system, work, steps, ranks) for steps in STEPS)
    return [(b - a) / (STEPS[1] - STEPS[0]) / ranks for a, b in zip(few, many)]


def check_sent(program, system, work, sent, allowed):
    """Whether the batch behind the last step is on its way when a run ends is by chance: counted twice where it seems too much."""
    if sent > allowed:
        sent = min(sent, a_step(program, system, work)[3])
    check(sent <= allowed, f"{system}: at most {allowed} copies from the host a step (uploads.json)")


def main():
    write = "--write" in sys.argv
    allowed, most_sent = (json.loads(table.read_text()) if table.exists() else {} for table in TABLES)
    seen, seen_sent = {}, {}
    with workspace("count") as work:
        for program, system in systems():
            launches, waits, copies, sent = a_step(program, system, work)
            seen[system], seen_sent[system] = math.ceil(launches), math.ceil(sent)
            print(f"{system}: {launches:.0f} launches, {waits:g} host synchronisations, {copies:g} copies to the host, {sent:g} from it a step", flush=True)
            if not write:
                check(max(waits, copies) <= ALLOWED_WAITS.get(system, 0), f"{system}: between log lines the host does not wait for the device")
                check(launches <= allowed.get(system, 0), f"{system}: at most {allowed.get(system)} launches a step (launches.json)")
                check_sent(program, system, work, sent, most_sent.get(system, 0))
            if system == "mirrorgan":
                _, waits, copies, _ = a_step(program, system, work, ranks=2)
                check(waits == 0 and copies == 0, f"{system} on two ranks over NCCL: the host does not wait for the device either")
    if write:
        for table, counted in zip(TABLES, (seen, seen_sent)):
            table.write_text(json.dumps(counted, indent=1) + "\n")


if __name__ == "__main__":
    main()
