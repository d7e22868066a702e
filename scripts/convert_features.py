#!/usr/bin/env python3
"""Statistics of features: what helio-eval writes with --features to the .npz that pytorch-fid and clean-fid read, and theirs for helio-eval --real.

  scripts/convert_features.py features.safetensors --side=drawn drawn.npz       mu, sigma, and beside them n, split and judge
  scripts/convert_features.py theirs.npz --judge="trunk ..." theirs.safetensors

Scores of different networks must not be mixed, and an .npz does not say which network it is of: --judge says it, in the words that helio-eval's
protocols have for it ("... features of JUDGE"); helio-eval refuses statistics of another one. Exit status: 0 done, 1 bad input, 2 bad usage,
75 a full disk."""
import argparse
import io
import sys

import numpy
from safetensors import safe_open
from safetensors.numpy import save

from converting import Problem, check_input, check_output, exit_code, read_bytes, reading, real_numbers, suffix_of, write_file

ROUNDING = 1e-4  # of the largest number of a covariance; statistics of float32 are good to 1e-6


def statistics_of(file, side):
    check_input(file)
    with reading(file), safe_open(file, "numpy") as content:
        if side not in content.keys():
            raise Problem(f"{file}: has no '{side}', only {', '.join(content.keys())}; choose with --side")
        rows, origin = content.get_tensor(side), content.metadata() or {}
    rows = real_numbers(rows, numpy.float64, f"{file}: '{side}'")
    if rows.ndim != 2 or len(rows) < 2 or not rows.shape[1]:
        raise Problem(f"{file}: '{side}' is not rows of features, two at least")
    sigma = numpy.atleast_2d(numpy.cov(rows, rowvar=False))
    return {"mu": rows.mean(0), "sigma": sigma, "n": len(rows), "split": origin.get(f"{side}_split", ""), "judge": origin.get("judge", "")}


def read_npz(file):
    with reading(file):
        content = numpy.load(io.BytesIO(read_bytes(file)), allow_pickle=False)
        if not isinstance(content, numpy.lib.npyio.NpzFile):
            raise Problem(f"{file}: holds one array, not 'mu' and 'sigma' (a .npy by another name?)")
        found = {name: content[name] for name in ("mu", "sigma", "n", "split") if name in content}
    missing = [name for name in ("mu", "sigma") if name not in found]
    if missing:
        raise Problem(f"{file}: has no '{missing[0]}', only {', '.join(content.files)}; needs 'mu' of d and 'sigma' of d x d numbers")
    mu, sigma = (real_numbers(found[name], numpy.float64, f"{file}: '{name}'") for name in ("mu", "sigma"))
    check_statistics(mu, sigma, file)
    return {"mu": mu, "sigma": sigma}, {name: str(found[name]) for name in ("n", "split") if name in found}  # n, split: of our own alone


def check_statistics(mu, sigma, file):
    """That they are a mean and a covariance: of others the Frechet distance is a number, too, and may be below 0."""
    if mu.ndim != 1 or not mu.size or sigma.shape != (len(mu), len(mu)):
        raise Problem(f"{file}: needs 'mu' of d and 'sigma' of d x d numbers, has {mu.shape} and {sigma.shape}")
    tolerance = ROUNDING * numpy.abs(sigma).max()
    if numpy.abs(sigma - sigma.T).max() > tolerance:
        raise Problem(f"{file}: 'sigma' is not symmetric, so it is no covariance")
    if sigma.diagonal().min() < -tolerance:
        raise Problem(f"{file}: 'sigma' has a variance below 0, so it is no covariance")


def convert(options):
    source, target = options.source, options.target
    check_output(target, (".npz", ".safetensors"))
    direction = suffix_of(source), suffix_of(target)
    if direction == (".safetensors", ".npz"):
        out = io.BytesIO()
        numpy.savez(out, **statistics_of(source, options.side))
        write_file(target, out.getvalue())
    elif direction == (".npz", ".safetensors"):
        if not options.judge:
            raise Problem("--judge is missing: which network these statistics are of")
        statistics, origin = read_npz(source)
        write_file(target, save(statistics, {"judge": options.judge, **origin}))
    else:
        raise Problem("converts .safetensors to .npz or .npz to .safetensors")
    print(target)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--side", default="drawn", help="which features: drawn or real")
    parser.add_argument("--judge", help="of an .npz: what computed it")
    options = parser.parse_args(arguments)
    return exit_code("convert_features", lambda: convert(options))


if __name__ == "__main__":
    sys.exit(main())
