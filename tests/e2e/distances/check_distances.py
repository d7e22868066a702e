#!/usr/bin/env python3
"""helio-eval --fid --kid: what numpy and scipy say of the same features, from any number of ranks to the last printed digit.
Usage: check_distances.py BIN_DIR"""
import json
import pathlib
import re
import sys
import tempfile

import numpy as np
import scipy.linalg
from safetensors.numpy import load_file

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run  # noqa: E402
from scenarios import losses, make_classifier, make_data, toy_flags  # noqa: E402

IMAGES, ROWS = 150, 80  # more than there are held-out pictures: a real one counts once


def frechet(x, y):
    a, b = np.cov(x.T), np.cov(y.T)
    return np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(a + b - 2 * scipy.linalg.sqrtm(a @ b).real)


def kernel(x, y):
    """Unbiased squared MMD. With fewer rows than a subset takes, it is of all of them."""
    k = lambda p, q: (p @ q.T / p.shape[1] + 1) ** 3  # noqa: E731
    mean = lambda m: (m.sum() - np.trace(m)) / (len(m) * (len(m) - 1))  # noqa: E731
    return mean(k(x, x)) + mean(k(y, y)) - 2 * k(x, y).mean()


def close(a, b, tolerance):
    return abs(a - b) <= tolerance * max(1, abs(b))


def same(work, part):
    """Tensors, not files: those say which run they are of."""
    one, two = (load_file(work / run / f"checkpoints/step-0000000003/{part}.safetensors") for run in ("run", "judged"))
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


def make_damsm(bin_dir, work):
    shape = [f for f in toy_flags(work, 2) if not f.startswith(("--flagfile", "--ema"))]
    run(bin_dir / "helio-pretrain", f"--flagfile={ROOT}/configs/toy/damsm.flags", *shape, "--evaluate_images=40", f"--out={work}/damsm")
    return work / "damsm/best.safetensors"


def check_record(run):
    """Scores in training stand with their protocols, and with the time that they took."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    judged = [line for line in lines if "scores" in line]
    check([line["step"] for line in judged] == [1, 2, 3] and all(line["evaluation_seconds"] > 0 for line in judged), "each evaluation says how long it took")
    check(all("N=100 splits=10" in line["protocols"]["inception_score"] for line in judged), f"and by which protocol: {judged[0]['protocols']}")
    best = min(judged, key=lambda line: line["scores"]["fid"])["step"]
    kept = [int(folder.name.split("-")[1]) for folder in (run / "checkpoints").glob("step-*")]
    check(set(kept) == {best, 3}, f"the best checkpoint by FID is kept beside the newest: {sorted(kept)} of {[line['scores']['fid'] for line in judged]}")


def judged_in_training(bin_dir, work, classifier):
    """Evaluations and sample pictures after each step of a training, beside the same training without."""
    run(bin_dir / "helio-train", *toy_flags(work, 3), f"--out={work}/run")
    said = run(bin_dir / "helio-train", *toy_flags(work, 3), f"--out={work}/judged", "--evaluate_every=1", "--sample_every=1", "--evaluate_images=100",
               "--ema_batch_norm=reestimated", f"--classifier={classifier}", "--evaluate_fid", "--evaluate_kid", "--keep_best=-fid", "--keep_last=1",
               "--checkpoint_every=1").said
    check(said.count("drawn pictures: 100 judged in") == 3, "evaluations in training say how fast they were, too")
    check(all(same(work, part) for part in ("model", "average", "optimizer")) and losses(work / "run") == losses(work / "judged"),
          "evaluations and pictures after each step change no weight, bit for bit")
    check_record(work / "judged")
    drawn = [work / "judged/samples" / part / f"step-{step:07d}.png" for part in ("", "attention") for step in (1, 2, 3)]
    check(all(file.exists() for file in drawn), "after each step a grid of pictures, and what its words looked at")


def judge_of_test_classes(bin_dir, work):
    said = run(bin_dir / "helio-pretrain", f"--flagfile={ROOT}/configs/toy/classifier.flags", "--stages=2", "--batch=8", "--threads=1", f"--data={work}/data",
               "--split=test", "--steps=2", "--evaluate_images=80", f"--out={work}/judge").said
    check(" 80 training rows" in said and (work / "judge/best.safetensors").exists(), "a judge of the test classes, as CUB's published one")


def scores_of_ranks(bin_dir, work, classifier):
    """What helio-eval finds on 1 rank, after a look at what it finds on 2 and 4."""
    damsm, summaries = make_damsm(bin_dir, work), []
    for ranks in (1, 2, 4):
        out = work / f"report{ranks}"
        parts = [f"--attributes={work}/drawn/attributes.json"] if ranks != 2 else []  # its judge is trained by every rank: a minute each time
        said = run(*MPIRUN, "-n", str(ranks), bin_dir / "helio-eval", f"--checkpoint={work}/run", f"--data={work}/data", "--threads=1", "--fid", "--kid", "--prdc",
                   "--diversity=2", f"--damsm={damsm}", *parts, f"--classifier={classifier}", f"--features={out}.safetensors", f"--images={IMAGES}",
                   f"--out={out}").said
        check(f"drawn pictures: {IMAGES} judged in" in said and "real pictures" in said and "images/s" in said, "helio-eval says how fast it was")
        summaries.append(json.loads((out / "summary.json").read_text())["generated"])
    one = summaries[0]
    check(summaries[2] == one and summaries[1].items() <= one.items(),
          f"1, 2 and 4 ranks: {len(one)} scores are the same to the last digit, {len(summaries[1])} on 2")
    return one


def check_distances(scores, features):
    """The distances are those of the features, computed by others."""
    check((features["drawn"].shape, features["real"].shape) == ((IMAGES, 128), (ROWS, 128)), f"features of {IMAGES} pictures and of {ROWS} real ones")
    fid, kid = frechet(features["drawn"], features["real"]), kernel(features["drawn"], features["real"])
    check(close(scores["fid"]["value"], fid, 1e-5), f"fid {scores['fid']['value']:.6f} is scipy's {fid:.6f}")
    check(close(scores["kid"]["value"], kid, 1e-9), f"kid {scores['kid']['value']:.9f} is numpy's {kid:.9f}")


def check_protocols(scores):
    check("1 subset, all rows" in scores["kid"]["protocol"] and scores["kid"]["deviation"] == 0, "of all rows there is one subset, and no deviation")
    data = re.escape(re.search(r"test of data set [0-9a-f]{12}, seed=\d+", scores["fid"]["protocol"])[0])
    check(all(re.search(f"; unrounded pictures of captions of {data}$", score["protocol"]) for score in scores.values()),
          f"each score says which pictures it is of: {data}")
    for name in ("fid", "kid"):
        protocol = scores[name]["protocol"]
        check(all(word in protocol for word in (f"N={IMAGES} against {ROWS} real", "128 features", "trunk small", "not resized", "classifier ")), f"{name}: {protocol}")


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="helio_distances_") as folder:
        work = pathlib.Path(folder)
        make_data(bin_dir, work)
        classifier = make_classifier(bin_dir, work, steps=3)
        judged_in_training(bin_dir, work, classifier)
        judge_of_test_classes(bin_dir, work)
        scores = scores_of_ranks(bin_dir, work, classifier)
        expected = {"inception_score", "r_precision_top1", "fid", "kid", "precision", "coverage", "diversity", "colour_part_accuracy_head", "colour_swap"}
        check(expected <= set(scores) and any(f"colour_part_accuracy_{colour}" in scores for colour in ("red", "blue", "black")), f"scores: {sorted(scores)}")
        check_distances(scores, {name: rows.astype(np.float64) for name, rows in load_file(f"{work}/report1.safetensors").items()})
        check_protocols(scores)


if __name__ == "__main__":
    main()
