#!/usr/bin/env python3
"""What statistics and wrong pairs span, and the released code's slips, on several ranks of the real programs: --batch_norm=node on one host is
--batch_norm=global; local is neither; every way trains the same weights on all ranks, in float64, which can be drawn with. Usage: scopes.py BIN_DIR"""
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run  # noqa: E402
from scenarios import largest_difference, losses, make_data, tensors, toy_flags  # noqa: E402

STEPS = 4


def train(bin_dir, work, name, *flags, ranks=2):
    out = work / name
    run(*MPIRUN, "-n", str(ranks), bin_dir / "helio-train", *toy_flags(work, STEPS), "--log_every=1", "--check_weights_every=1", "--dtype=float64", f"--out={out}", *flags)
    return losses(out), tensors(out, STEPS)


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="helio_scopes_") as folder:
        work = pathlib.Path(folder)
        make_data(bin_dir, work)
        alone, _ = train(bin_dir, work, "alone", ranks=1)
        run(bin_dir / "helio-generate", f"--checkpoint={work}/alone", "--text=a red bird", f"--out={work}/bird.png")
        check((work / "bird.png").exists(), "what was trained in float64 draws: its frozen networks are those of the run")
        world, _ = train(bin_dir, work, "global")
        check(largest_difference(alone, world) < 1e-9, f"two ranks are one: {largest_difference(alone, world):.1e}")
        node, _ = train(bin_dir, work, "node", "--batch_norm=node")
        check(node == world, "--batch_norm=node on one host is --batch_norm=global, bit for bit")
        for flag in ("--batch_norm=local", "--negatives=local"):
            own, first = train(bin_dir, work, flag[2:].replace("=", "_"), flag)
            check(largest_difference(own, world) > 1e-6, f"{flag} is another training ({largest_difference(own, world):.1e})")
            again, second = train(bin_dir, work, flag[2:].replace("=", "_") + "_again", flag)
            check(own == again and first == second, f"{flag}: the same numbers every time")
            one, _ = train(bin_dir, work, flag[2:].replace("=", "_") + "_one", flag, ranks=1)
            check(largest_difference(one, alone) < 1e-12, f"{flag}: on one rank nothing is left out")
        released, _ = train(bin_dir, work, "released", "--fidelity=released", ranks=1)
        for ranks in (2, 4):
            together, _ = train(bin_dir, work, f"released{ranks}", "--fidelity=released", ranks=ranks)
            check(largest_difference(released, together) < 1e-9, f"--fidelity=released: {ranks} ranks are one: {largest_difference(released, together):.1e}")
        check(largest_difference(released, alone) > 1e-6, "--fidelity=released is another training")


if __name__ == "__main__":
    main()
