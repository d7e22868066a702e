#!/usr/bin/env python3
"""A job that goes on with another number of ranks: 2 ranks, killed, 1 rank, killed, 4 ranks. In float64 the losses of every step are
those of an undisturbed run to 1e-9, which needs the same records, captions, crops and noise; in float32 they agree as far as summation
order lets them (docs/benchmarks/cluster.md). Usage: resume_ranks.py BIN_DIR"""
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run  # noqa: E402
from scenarios import kill_at, largest_difference, losses, make_data, toy_flags  # noqa: E402

STEPS = 18


def command(bin_dir, work, out, ranks, dtype):
    flags = toy_flags(work, STEPS) + ["--log_every=1", "--checkpoint_every=2", f"--dtype={dtype}", f"--out={work / out}"]
    return [*MPIRUN, "-n", str(ranks), str(bin_dir / "helio-train"), *flags]


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="helio_ranks_") as folder:
        work = pathlib.Path(folder)
        make_data(bin_dir, work)
        for dtype, bound in (("float64", 1e-9), ("float32", 1e-3)):
            run(*command(bin_dir, work, f"whole_{dtype}", 1, dtype))
            out = work / f"moved_{dtype}"
            kill_at(6, out, command(bin_dir, work, out.name, 2, dtype))
            kill_at(12, out, command(bin_dir, work, out.name, 1, dtype))
            run(*command(bin_dir, work, out.name, 4, dtype))
            whole, moved = losses(work / f"whole_{dtype}"), losses(out)
            check(sorted(whole) == sorted(moved) == list(range(1, STEPS + 1)), f"{dtype}: all steps are there")
            difference = largest_difference(whole, moved)
            check(difference < bound, f"{dtype}: the losses of 2, then 1, then 4 ranks are those of 1 rank, largest difference {difference:.1e}")


if __name__ == "__main__":
    main()
