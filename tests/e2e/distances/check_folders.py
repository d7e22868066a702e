#!/usr/bin/env python3
"""helio-eval --fake --real: two folders of pictures of other programs, judged by Inceptions with random weights, have the scores that others give
them: torch-compat those of torchvision's forward pass and torch-fidelity's formulas, tf-compat those of torch-fidelity itself; statistics go to
pytorch-fid's .npz and come back. Usage: check_folders.py BIN_DIR"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchvision
from PIL import Image
from torch_fidelity.metric_isc import isc_features_to_metric

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run  # noqa: E402

REAL, FAKE, CLASSES, NEIGHBOURS = 36, 36, 7, 5  # as many on both sides: KID of subsets of all rows has no chance in it


def draw(folder, count, seed):
    """Blobs of colour of two sizes, in PNG and JPEG, one in a folder of its own."""
    random = np.random.default_rng(seed)
    (folder / "deeper").mkdir(parents=True)
    for i in range(count):
        side = 64 if i % 3 else 80
        small = Image.fromarray(random.integers(0, 255, (4, 4, 3), dtype=np.uint8) // (1 + seed % 2))
        target = folder / ("deeper" if i == 5 else ".") / f"{i:03d}.{'png' if i % 2 else 'jpg'}"
        small.resize((side, 64), Image.BICUBIC).save(target, **({} if i % 2 else {"quality": 95}))
    (folder / "notes.txt").write_text("not a picture")


def settle(model):
    """Batch norm's statistics of some noise: with those of a new network all pictures would have the same features."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.train()(torch.nn.functional.interpolate(torch.rand(4, 3, 5, 5) * 2 - 1, size=(299, 299), mode="bicubic"))


def make_judge(work):
    """Torchvision networks with random weights, as their files and as ours; that of tf-compat has torch-fidelity's shapes under the same names."""
    torch.manual_seed(5)
    for name, classes, auxiliary in (("tf", 1008, False), ("inception", CLASSES, True)):
        model = torchvision.models.inception_v3(weights=None, init_weights=False, aux_logits=auxiliary, num_classes=classes)
        settle(model)
        torch.save(model.state_dict(), work / f"{name}.pth")
        run(sys.executable, ROOT / "scripts/convert_weights.py", f"--out={work}/{name}.safetensors", "--layout=torchvision-inception_v3",
            f"classifier.={work}/{name}.pth")
    return model.eval()


def judged(model, folder):
    """Pooled features and logits of a folder's pictures, by name: torchvision's own forward pass."""
    pooled = []
    handle = model.avgpool.register_forward_hook(lambda module, given, out: pooled.append(out.flatten(1)))
    logits = []
    with torch.no_grad():
        for file in sorted((p for p in folder.rglob("*") if p.suffix in (".png", ".jpg")), key=lambda p: str(p.relative_to(folder))):
            pixels = torch.from_numpy(np.array(Image.open(file).convert("RGB"))).permute(2, 0, 1)[None].float() / 127.5 - 1
            logits.append(model(torch.nn.functional.interpolate(pixels, size=(299, 299), mode="bilinear", align_corners=False)))
    handle.remove()
    return torch.cat(pooled), torch.cat(logits)


def by_fidelity(fake, real):
    """torch-fidelity's scores of features. KID's subsets hold all rows."""
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric
    fid = fid_statistics_to_metric(*(fid_features_to_statistics(f) for f in (fake, real)), verbose=False)
    kid = kid_features_to_metric(fake, real, kid_subsets=1, kid_subset_size=FAKE, kid_kernel="poly", kid_kernel_poly_degree=3,
                                 kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1, rng_seed=1, verbose=False)
    prc = prc_features_to_metric(fake, real, prc_neighborhood=NEIGHBOURS, prc_batch_size=100, save_cpu_ram=False, verbose=False)
    return {"fid": fid["frechet_inception_distance"], "kid": kid["kernel_inception_distance_mean"], "precision": prc["precision"], "recall": prc["recall"]}


def evaluate(bin_dir, work, out, *flags, ranks=1, expect=0, judge=("inception", "inception_v3")):
    command = [*(MPIRUN + ["-n", str(ranks)] if ranks > 1 else []), bin_dir / "helio-eval", f"--classifier={work}/{judge[0]}.safetensors",
               f"--classifier_trunk={judge[1]}", "--threads=1", f"--fake={work}/fake", f"--out={out}", *flags]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=600)
    check(done.returncode == expect, f"helio-eval {' '.join(flags)}: exit code {done.returncode}" + (done.stderr[-1500:] if done.returncode != expect else ""))
    return done.stderr if expect else (json.loads((out / "summary.json").read_text()), done.stderr)


def near(name, ours, value, tolerance=1e-3):
    check(abs(ours - value) <= tolerance * max(abs(value), 1e-3), f"{name}: {ours:.6g} is theirs, {value:.6g}")


def check_scores(bin_dir, work, model):
    summary, said = evaluate(bin_dir, work, work / "one", f"--real={work}/real", "--fid", "--kid", "--prdc", f"--features={work}/features.safetensors")
    check("passed over 1 .txt" in said, "what is no picture is counted")
    check("are copies of others" not in said, "no picture is there twice")
    scores = summary["generated"]
    (real, _), (features, logits) = judged(model, work / "real"), judged(model, work / "fake")
    for name, value in by_fidelity(features, real).items():
        near(f"torch-compat, from the pictures: {name}", scores[name]["value"], value)
    from safetensors.torch import load_file
    ours = load_file(work / "features.safetensors")
    for name, value in by_fidelity(ours["drawn"], ours["real"]).items():
        near(f"of the same features: {name}", scores[name]["value"], value, 1e-4)
    near("features", float((ours["drawn"] - features).abs().max() + features.abs().max()), float(features.abs().max()), 1e-4)
    low, high = score_range(logits)
    check(low <= scores["inception_score"]["value"] <= high, f"inception_score {scores['inception_score']['value']:.4f} within all orders' {low:.4f} to {high:.4f}")
    for name in ("fid", "inception_score"):
        protocol = scores[name]["protocol"]
        check("torch-compat: trunk inception_v3" in protocol and "resized to 299 (bilinear)" in protocol and "classifier " in protocol, f"{name}: {protocol}")
    fake = re.search("; 8-bit pictures of folder ([0-9a-f]{12})$", scores["inception_score"]["protocol"])[1]
    other = re.search("; 8-bit pictures of folder ([0-9a-f]{12})$", summary["real"]["real_inception_score"]["protocol"])[1]
    check(fake != other and scores["fid"]["protocol"].endswith(f"; 8-bit pictures of folder {fake}, real ones of folder {other}"), f"which folders: {fake}, {other}")
    two, _ = evaluate(bin_dir, work, work / "two", f"--real={work}/real", "--fid", "--kid", "--prdc", ranks=2)
    check(two == summary, "2 ranks: every score is the same to the last digit")
    return logits


def check_tf(bin_dir, work):
    """All of torch-fidelity on the same pictures and weights: its reading, resizing, network and formulas."""
    import torch_fidelity
    summary, _ = evaluate(bin_dir, work, work / "tf", f"--real={work}/real", "--fid", "--kid", "--prdc", "--inception_splits=1", judge=("tf", "inception_v3_tf"))
    scores = summary["generated"]
    theirs = torch_fidelity.calculate_metrics(
        input1=f"{work}/fake", input2=f"{work}/real", samples_find_deep=True, cuda=False, isc=True, fid=True, kid=True, prc=True, isc_splits=1, kid_subsets=1,
        kid_subset_size=FAKE, prc_neighborhood=NEIGHBOURS, prc_batch_size=100, cache=False, verbose=False, feature_extractor="inception-v3-compat",
        feature_extractor_weights_path=f"{work}/tf.pth", save_cpu_ram=True, batch_size=1)  # pictures of several sizes
    for name, key in (("inception_score", "inception_score_mean"), ("fid", "frechet_inception_distance"), ("kid", "kernel_inception_distance_mean"),
                      ("precision", "precision"), ("recall", "recall")):
        near(f"tf-compat is torch-fidelity: {name}", scores[name]["value"], theirs[key])
    protocols = scores["fid"]["protocol"], scores["inception_score"]["protocol"]
    check(all("tf-compat: trunk inception_v3_tf" in p and "bilinear from the corner" in p for p in protocols), f"fid: {protocols[0]}")
    check("splits=1 classes=1008" in protocols[1] and "without the last bias" in protocols[1], f"inception_score: {protocols[1]}")
    refused = evaluate(bin_dir, work, work / "x", f"--real={work}/features.safetensors", "--fid", judge=("tf", "inception_v3_tf"), expect=1)
    check("of another judge: torch-compat" in refused and "this one is: tf-compat" in refused, "torch-compat and tf-compat are not mixed")


def score_range(logits):
    """Ten splits of rows in many orders: which rows share a split is the shuffle's."""
    values = [isc_features_to_metric(logits, splits=10, shuffle=True, rng_seed=seed)["inception_score_mean"] for seed in range(200)]
    spread = max(values) - min(values)
    return min(values) - spread, max(values) + spread


def check_statistics(bin_dir, work, logits):
    run(sys.executable, ROOT / "scripts/convert_features.py", work / "features.safetensors", "--side=real", work / "real.npz")
    stored = np.load(work / "real.npz")
    check(stored["mu"].shape == (2048,) and stored["sigma"].shape == (2048, 2048) and int(stored["n"]) == REAL, "an .npz as pytorch-fid reads it")
    check(str(stored["split"]) == f"{work}/real" and "resized to 299" in str(stored["judge"]), f"and beside it what it is of: {stored['split']}, {stored['judge']}")
    judge = str(stored["judge"])
    run(sys.executable, ROOT / "scripts/convert_features.py", work / "real.npz", f"--judge={judge}", work / "real.safetensors")
    one = json.loads((work / "one/summary.json").read_text())["generated"]["fid"]["value"]
    again, _ = evaluate(bin_dir, work, work / "statistics", f"--real={work}/real.safetensors", "--fid")
    near("fid to statistics", again["generated"]["fid"]["value"], one, 1e-6)
    check(re.search(f"against statistics of {REAL}, .*, real ones in file [0-9a-f]{{12}}$", again["generated"]["fid"]["protocol"]), f"which statistics: {again['generated']['fid']['protocol']}")
    rows, _ = evaluate(bin_dir, work, work / "rows", f"--real={work}/features.safetensors", "--fid", "--kid", "--inception_splits=1")
    check(rows["generated"]["fid"]["value"] == one, "fid to features in a file")
    near("torch-compat, of one split: inception_score", rows["generated"]["inception_score"]["value"], isc_features_to_metric(logits, splits=1)["inception_score_mean"], 1e-4)
    run(sys.executable, ROOT / "scripts/convert_features.py", work / "real.npz", "--judge=another", work / "other.safetensors")
    check("of another judge: another" in evaluate(bin_dir, work, work / "x", f"--real={work}/other.safetensors", "--fid", expect=1), "statistics of another network are refused")
    check("statistics only" in evaluate(bin_dir, work, work / "x", f"--real={work}/real.safetensors", "--kid", expect=1), "statistics have no kernel distance")


def check_mistakes(bin_dir, work):
    (work / "empty").mkdir()
    check("--real: is missing" in evaluate(bin_dir, work, work / "x", "--fid", expect=1), "--fid without --real")
    few = evaluate(bin_dir, work, work / "x", f"--real={work}/real", "--fid", f"--inception_splits={REAL + 1}", expect=1)
    check(f"has only {FAKE} pictures, scores that are asked for need {REAL + 1}" in few and "judged in" not in few, "too few pictures for the splits are refused before any is judged")
    (work / "twice").mkdir()
    for name in ("a", "b"):
        for file in (work / "real").glob("*.jpg"):
            shutil.copy(file, work / f"twice/{name}-{file.name}")
    copies = len(list((work / "twice").iterdir())) // 2
    _, said = evaluate(bin_dir, work, work / "copied", f"--real={work}/twice", "--kid")
    check(f"twice: {copies} of {2 * copies} pictures are copies of others" in said, "files that are there twice are told")
    check("has no .jpg, .png or .webp" in evaluate(bin_dir, work, work / "x", f"--real={work}/empty", "--fid", expect=1), "an empty folder")


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="helio_folders_") as folder:
        work = pathlib.Path(folder)
        draw(work / "real", REAL, 1)
        draw(work / "fake", FAKE, 2)
        model = make_judge(work)
        logits = check_scores(bin_dir, work, model)
        check_tf(bin_dir, work)
        check_statistics(bin_dir, work, logits)
        check_mistakes(bin_dir, work)


if __name__ == "__main__":
    main()
