#!/usr/bin/env python3
"""Statistics of features: what helio-eval writes with --features to the .npz that pytorch-fid and clean-fid read, and theirs for helio-eval --real.

  scripts/convert_features.py features.safetensors --side=drawn drawn.npz       mu, sigma, and beside them n, split and judge
  scripts/convert_features.py theirs.npz --judge="trunk ..." theirs.safetensors

Scores of different networks must not be mixed, and an .npz does not say which network it is of: --judge says it, in the words that helio-eval's
protocols have for it ("... features of JUDGE"); helio-eval refuses statistics of another one. Exit status: 0 done, 1 bad input, 2 bad usage."""
import argparse
import pathlib
import sys

import numpy
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file


class Problem(Exception):
    """One line for the user: what, where, remedy."""


def statistics_of(file, side):
    try:
        with safe_open(file, "numpy") as content:
            if side not in content.keys():
                raise Problem(f"{file}: has no '{side}', only {', '.join(content.keys())}; choose with --side")
            rows, origin = content.get_tensor(side).astype(numpy.float64), content.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise Problem(f"{file}: {error}") from None
    if rows.ndim != 2 or len(rows) < 2:
        raise Problem(f"{file}: '{side}' is not rows of features, two at least")
    return {"mu": rows.mean(0), "sigma": numpy.cov(rows, rowvar=False), "n": len(rows), "split": origin.get(f"{side}_split", ""), "judge": origin.get("judge", "")}


def read_npz(file):
    try:
        with numpy.load(file, allow_pickle=False) as content:
            found = {name: content[name] for name in ("mu", "sigma", "n", "split") if name in content}
    except (OSError, ValueError, EOFError) as error:
        raise Problem(f"{file}: {error}") from None
    mu, sigma = found.get("mu"), found.get("sigma")
    if mu is None or sigma is None or mu.ndim != 1 or sigma.shape != (len(mu), len(mu)):
        raise Problem(f"{file}: needs 'mu' of d and 'sigma' of d x d numbers")
    origin = {name: str(found[name]) for name in ("n", "split") if name in found}  # of our own alone
    return {"mu": mu.astype(numpy.float64), "sigma": sigma.astype(numpy.float64)}, origin


def convert(options):
    source, target = options.source, options.target
    if source.endswith(".safetensors") and target.endswith(".npz"):
        numpy.savez(target, **statistics_of(source, options.side))
    elif source.endswith(".npz") and target.endswith(".safetensors"):
        if not options.judge:
            raise Problem("--judge is missing: which network these statistics are of")
        statistics, origin = read_npz(source)
        save_file(statistics, target, {"judge": options.judge, **origin})
    else:
        raise Problem("converts .safetensors to .npz or .npz to .safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--side", default="drawn", help="which features: drawn or real")
    parser.add_argument("--judge", help="of an .npz: what computed it")
    options = parser.parse_args()
    try:
        convert(options)
    except Problem as problem:
        print(f"convert_features: {problem}", file=sys.stderr)
        return 1
    print(pathlib.Path(options.target))
    return 0


if __name__ == "__main__":
    sys.exit(main())
