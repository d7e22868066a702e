#!/usr/bin/env python3
"""helio-eval --fake --real: two folders of pictures of other programs, judged by a torchvision Inception with random weights, have the scores that
torchvision's forward pass and torch-fidelity give them; statistics go to pytorch-fid's .npz and come back. Usage: check_folders.py BIN_DIR"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchvision
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import MPIRUN, ROOT, check, must  # noqa: E402

REAL, FAKE, CLASSES, NEIGHBOURS = 36, 30, 7, 5


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
    """A torchvision network with random weights, as its file and as ours."""
    torch.manual_seed(5)
    model = torchvision.models.inception_v3(weights=None, init_weights=False, aux_logits=True, num_classes=CLASSES)
    settle(model)
    torch.save(model.state_dict(), work / "inception.pth")
    must(sys.executable, ROOT / "scripts/convert_weights.py", f"--out={work}/judge.safetensors", "--layout=torchvision-inception_v3",
         f"classifier.={work}/inception.pth")
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


def theirs(model, real, fake):
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric
    (real_features, _), (fake_features, logits) = judged(model, real), judged(model, fake)
    fid = fid_statistics_to_metric(*(fid_features_to_statistics(f) for f in (fake_features, real_features)), verbose=False)
    # With subsets of all rows there is no chance in it; ours takes the smaller side's count.
    kid = kid_features_to_metric(fake_features, real_features, kid_subsets=1, kid_subset_size=FAKE, kid_kernel="poly", kid_kernel_poly_degree=3,
                                 kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1, rng_seed=1, verbose=False)
    prc = prc_features_to_metric(fake_features, real_features, prc_neighborhood=NEIGHBOURS, prc_batch_size=100, save_cpu_ram=False, verbose=False)
    return {"fid": fid["frechet_inception_distance"], "precision": prc["precision"], "recall": prc["recall"]}, kid, (fake_features, logits)


def evaluate(bin_dir, work, out, *flags, ranks=1, expect=0):
    command = [*(MPIRUN + ["-n", str(ranks)] if ranks > 1 else []), bin_dir / "helio-eval", f"--classifier={work}/judge.safetensors",
               "--image_trunk=inception_v3", "--threads=1", f"--fake={work}/fake", f"--out={out}", *flags]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=600)
    check(done.returncode == expect, f"helio-eval {' '.join(flags)}: exit code {done.returncode}" + (done.stderr[-1500:] if done.returncode != expect else ""))
    return done.stderr if expect else (json.loads((out / "summary.json").read_text()), done.stderr)


def near(name, ours, value, tolerance=1e-3):
    check(abs(ours - value) <= tolerance * max(abs(value), 1e-3), f"{name}: {ours:.6g} is theirs, {value:.6g}")


def check_scores(bin_dir, work, model):
    summary, said = evaluate(bin_dir, work, work / "one", f"--real={work}/real", "--fid", "--kid", "--prdc", f"--features={work}/features.safetensors")
    check("passed over 1 .txt" in said, "what is no picture is counted")
    scores = summary["generated"]
    expected, kid, (features, logits) = theirs(model, work / "real", work / "fake")
    for name, value in expected.items():
        near(name, scores[name]["value"], value)
    from safetensors.numpy import load_file
    ours = load_file(work / "features.safetensors")["drawn"]
    near("features", float(np.abs(ours - features.numpy()).max() + np.abs(features.numpy()).max()), float(np.abs(features.numpy()).max()))
    check("kid" in scores and np.isfinite(scores["kid"]["value"]), f"kid {scores['kid']['value']:.5f} (theirs, other subsets: {kid['kernel_inception_distance_mean']:.5f})")
    low, high = score_range(logits)
    check(low <= scores["inception_score"]["value"] <= high, f"inception_score {scores['inception_score']['value']:.4f} within all orders' {low:.4f} to {high:.4f}")
    two, _ = evaluate(bin_dir, work, work / "two", f"--real={work}/real", "--fid", "--kid", "--prdc", ranks=2)
    check(two == summary, "2 ranks: every score is the same to the last digit")


def score_range(logits):
    """Ten splits of rows in many orders: which rows share a split is the shuffle's."""
    from torch_fidelity.metric_isc import isc_features_to_metric
    values = [isc_features_to_metric(logits, splits=10, shuffle=True, rng_seed=seed)["inception_score_mean"] for seed in range(200)]
    spread = max(values) - min(values)
    return min(values) - spread, max(values) + spread


def check_statistics(bin_dir, work):
    must(sys.executable, ROOT / "scripts/convert_features.py", work / "features.safetensors", "--side=real", work / "real.npz")
    stored = np.load(work / "real.npz")
    check(stored["mu"].shape == (2048,) and stored["sigma"].shape == (2048, 2048) and int(stored["n"]) == REAL, "an .npz as pytorch-fid reads it")
    judge = str(stored["judge"])
    must(sys.executable, ROOT / "scripts/convert_features.py", work / "real.npz", f"--judge={judge}", work / "real.safetensors")
    one = json.loads((work / "one/summary.json").read_text())["generated"]["fid"]["value"]
    again, _ = evaluate(bin_dir, work, work / "statistics", f"--real={work}/real.safetensors", "--fid")
    near("fid to statistics", again["generated"]["fid"]["value"], one, 1e-6)
    rows, _ = evaluate(bin_dir, work, work / "rows", f"--real={work}/features.safetensors", "--fid", "--kid")
    check(rows["generated"]["fid"]["value"] == one, "fid to features in a file")
    must(sys.executable, ROOT / "scripts/convert_features.py", work / "real.npz", "--judge=another", work / "other.safetensors")
    check("of another judge: another" in evaluate(bin_dir, work, work / "x", f"--real={work}/other.safetensors", "--fid", expect=1), "statistics of another network are refused")
    check("statistics only" in evaluate(bin_dir, work, work / "x", f"--real={work}/real.safetensors", "--kid", expect=1), "statistics have no kernel distance")


def check_mistakes(bin_dir, work):
    (work / "empty").mkdir()
    check("--real: is missing" in evaluate(bin_dir, work, work / "x", "--fid", expect=1), "--fid without --real")
    check("has no .jpg, .png or .webp" in evaluate(bin_dir, work, work / "x", f"--real={work}/empty", "--fid", expect=1), "an empty folder")


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="helio_folders_") as folder:
        work = pathlib.Path(folder)
        draw(work / "real", REAL, 1)
        draw(work / "fake", FAKE, 2)
        model = make_judge(work)
        check_scores(bin_dir, work, model)
        check_statistics(bin_dir, work)
        check_mistakes(bin_dir, work)


if __name__ == "__main__":
    main()
