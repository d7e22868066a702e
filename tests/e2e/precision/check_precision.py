#!/usr/bin/env python3
"""--precision of the programs: a bfloat16 run beside the float32 one, resumed bit-equal, refused in another precision, named in a model's card; every
system on simulated CUDA devices beside the CPU.
Usage: check_precision.py BIN_DIR SIMULATED_DEVICE_DIR [SYSTEM...]"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
sys.path.insert(0, str(ROOT / "tests/e2e/device"))
from checks import MPIRUN, check, run  # noqa: E402
from scenarios import largest_difference, losses, make_data, tensors, toy_flags  # noqa: E402

BIN, DEVICE = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
STEPS = 4
# Of losses. In bfloat16 each of a product's operands is off by 1/512 at most; of other kernels' sums a few steps of Adam make as much.
TOLERANCE = 0.1


def train(work, name, *flags, ranks=1, expect=0):
    """Runs or resumes it in a folder of that name; what it said."""
    launcher = MPIRUN + ["-n", str(ranks)] if ranks > 1 else []
    command = [*launcher, BIN / "helio-train", *toy_flags(work, STEPS), "--log_every=1", f"--out={work / name}", *flags]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=ROOT, timeout=300)
    check(done.returncode == expect, f"{name} {' '.join(flags)}: exit code {done.returncode}" + (done.stderr[-2000:] if done.returncode != expect else ""))
    return done.stdout + done.stderr


def numbers(run):
    """Of the last checkpoint, without the files' heads, which name the run's flags."""
    return {name: content[8 + int.from_bytes(content[:8], "little"):] for name, content in tensors(run, STEPS).items()}


def check_runs(work):
    train(work, "float32")
    said = train(work, "tf32", "--precision=tf32")
    check("on CPUs this is float32" in said and numbers(work / "tf32") == numbers(work / "float32"), "tf32 on a CPU is float32, bit for bit, and says so")
    train(work, "bfloat16", "--precision=bfloat16", "--check_weights_every=1")
    full, rounded = losses(work / "float32"), losses(work / "bfloat16")
    difference = largest_difference(full, rounded)
    check(0 < difference < TOLERANCE, f"bfloat16 is near float32: losses within {difference:.1e}")
    train(work, "two", "--precision=bfloat16", "--check_weights_every=1", ranks=2)
    difference = largest_difference(rounded, losses(work / "two"))
    check(difference < TOLERANCE, f"two ranks train as one does: losses within {difference:.1e}")


def check_resume(work):
    for steps in (STEPS // 2, STEPS):
        train(work, "halves", "--precision=bfloat16", f"--steps={steps}")
    check(tensors(work / "halves", STEPS) == tensors(work / "bfloat16", STEPS), "resumed, bit-equal")
    said = train(work, "halves", f"--steps={STEPS + 1}", expect=1)
    check("--precision: bfloat16 -> float32" in said, "a resume in another precision is refused")
    train(work, "halves", f"--steps={STEPS + 1}", "--resume_override=precision")
    said = train(work, "double", "--precision=bfloat16", "--dtype=float64", expect=1)
    check("--precision=bfloat16: " in said, "float64 networks are not trained in bfloat16")
    run(BIN / "helio-export", f"--checkpoint={work}/bfloat16", f"--out={work}/exported")
    check("computed in bfloat16" in (work / "exported/README.md").read_text(), "the card says so")


def check_broken(work):
    """A loss that is not finite, as in float32: its updates are left out, and then the run ends."""
    said = train(work, "broken", "--precision=bfloat16", "--caption_lambda=1e38", "--max_bad_steps=2", expect=1)
    check("gradient not finite" in said and "steps in a row had non-finite gradients" in said, "gradients that are not finite end the run")


def check_devices(work, wanted):
    import check_device  # its own arguments are ours
    for program, system in check_device.systems():
        if wanted and system not in wanted:
            continue
        runs = {}
        for device in (False, True):
            runs[device] = work / f"{system}-{device}"
            flags = [f for f in check_device.flags(system, work, 2) if not f.startswith(("--evaluate_every", "--sample_every"))]
            check_device.on(device, 1, BIN / program, *flags, "--precision=bfloat16", f"--out={runs[device]}")
        difference = largest_difference(losses(runs[False]), losses(runs[True]))
        check(difference < TOLERANCE, f"{system} in bfloat16 on a simulated device: losses within {difference:.1e} of the CPU's")


def main():
    with tempfile.TemporaryDirectory(prefix="helio_precision_") as folder:
        work = pathlib.Path(folder)
        make_data(BIN, work)
        make_data(BIN, work, style="night")
        if not sys.argv[3:]:
            check_runs(work)
            check_resume(work)
            check_broken(work)
        check_devices(work, sys.argv[3:])


if __name__ == "__main__":
    main()
