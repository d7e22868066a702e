#!/usr/bin/env python3
"""Images per second of Inception's features and logits of a folder of pictures: helio-eval beside torch-fidelity, with the same random weights, threads
and pictures, several rounds in turn. Usage: tests/bench/features_bench.py [--pictures 192] [--threads 2] [--rounds 3]. Prints Markdown; each figure is the
fastest of the rounds. Model loading is on neither side's time, reading the pictures on both."""
import argparse
import pathlib
import re
import subprocess
import tempfile
import time

import numpy
import torch
import torchvision
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build/release/bin"
PYTHON = ROOT / ".venv/bin/python"


def draw(folder, count, side=256):
    """Blobs of colour, as JPEG."""
    folder.mkdir()
    random = numpy.random.default_rng(1)
    for i in range(count):
        small = Image.fromarray(random.integers(0, 255, (8, 8, 3), dtype=numpy.uint8))
        small.resize((side, side), Image.BICUBIC).save(folder / f"{i:05d}.jpg", quality=95)


def make_weights(folder):
    """torch-fidelity's file and ours. Batch norm has the statistics of some noise: else all pictures would have the same features."""
    torch.manual_seed(5)
    model = torchvision.models.inception_v3(weights=None, init_weights=False, aux_logits=False, num_classes=1008)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.train()(torch.nn.functional.interpolate(torch.rand(4, 3, 5, 5) * 2 - 1, size=(299, 299), mode="bicubic"))
    torch.save(model.state_dict(), folder / "weights.pth")
    subprocess.run([PYTHON, ROOT / "scripts/convert_weights.py", f"--out={folder}/weights.safetensors", f"classifier.={folder}/weights.pth"], check=True,
                   stdout=subprocess.DEVNULL)


class Theirs:
    def __init__(self, folder, threads):
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        torch.set_num_threads(threads)
        self.folder = folder
        self.network = FeatureExtractorInceptionV3("features", ["2048", "logits_unbiased"], feature_extractor_weights_path=f"{folder}/weights.pth")

    def features(self):
        from torch_fidelity.utils import extract_featuresdict_from_input_id
        return extract_featuresdict_from_input_id(1, self.network, input1=f"{self.folder}/pictures", cuda=False, verbose=False)["2048"]

    def speed(self):
        begun = time.monotonic()
        return len(self.features()) / (time.monotonic() - begun)


def ours(folder, threads, *flags):
    done = subprocess.run([BIN / "helio-eval", f"--fake={folder}/pictures", f"--classifier={folder}/weights.safetensors", "--classifier_trunk=inception_v3_tf",
                           f"--threads={threads}", f"--out={folder}/out", *flags], capture_output=True, text=True, check=True)
    return float(re.search(r"judged in .* s, ([\d.]+) images/s", done.stderr)[1])


def gap(folder, theirs, threads):
    """The largest difference of a feature, relative to the largest feature."""
    from safetensors.torch import load_file
    ours(folder, threads, f"--features={folder}/features.safetensors")
    expected = theirs.features()
    return float((load_file(folder / "features.safetensors")["drawn"] - expected).abs().max() / expected.abs().max())


def compare(pictures, threads, rounds):
    """Images a second of each round, ours and theirs; and the features' gap."""
    with tempfile.TemporaryDirectory(prefix="helio_bench_", dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        draw(folder / "pictures", pictures)
        make_weights(folder)
        theirs = Theirs(folder, threads)
        difference = gap(folder, theirs, threads)  # and a round to warm up
        return [(ours(folder, threads), theirs.speed()) for _ in range(rounds)], difference


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("pictures", 192), ("threads", 2), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    a = parser.parse_args()
    rounds, difference = compare(a.pictures, a.threads, a.rounds)
    print("| round | ours, images/s | torch-fidelity, images/s | ratio |\n|---|---:|---:|---:|")
    for number, (own, peer) in enumerate(rounds, 1):
        print(f"| {number} | {own:.2f} | {peer:.2f} | {own / peer:.2f} |")
    best = [max(side) for side in zip(*rounds)]
    print(f"| best | {best[0]:.2f} | {best[1]:.2f} | **{best[0] / best[1]:.2f}** |\n\nLargest difference of a feature, of the largest: {difference:.1e}")


if __name__ == "__main__":
    main()
