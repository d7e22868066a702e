#!/usr/bin/env python3
"""Images per second of the loader by codec and workers, beside the machine's own limits (page-cache reads for raw, turbojpeg for JPEG)
and beside PyTorch's DataLoader on the same pictures: with PIL on the source files as the published code does it (AttnGAN
datasets.py: decode, crop to the box, Resize 304, RandomCrop 256, flip, two reductions, ToTensor, Normalize), and with h5py + PIL on our
shards. In turn on the same machine: tests/bench/loader_bench.py [--rounds 3] [--seconds 4]. Prints Markdown; each figure is the fastest
of the rounds."""
import argparse
import io
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

import h5py
import numpy
import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build/release/bin"
SAMPLE = ROOT.parent / "shared/data/cub"
SIDE, STORED = 256, 304


def to_tensor(image):
    pixels = torch.from_numpy(numpy.asarray(image)).permute(2, 0, 1).contiguous().float().div(255)
    return pixels.sub(0.5).div(0.5)


def finish(image):
    """RandomCrop, flip and the three scales, each a float tensor in [-1, 1]."""
    left, top = random.randint(0, image.width - SIDE), random.randint(0, image.height - SIDE)
    image = image.crop((left, top, left + SIDE, top + SIDE))
    if random.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    small = [image.resize((s, s), Image.BILINEAR) for s in (SIDE // 4, SIDE // 2)]
    return [to_tensor(i) for i in [*small, image]]


def shorter_side(image, side):
    width, height = image.size
    size = (side, side * height // width) if width < height else (side * width // height, side)
    return image.resize(size, Image.BILINEAR)


class Published(torch.utils.data.Dataset):
    def __init__(self, sample):
        cub = sample / "CUB_200_2011"
        names = dict(line.split() for line in (cub / "images.txt").read_text().splitlines())
        boxes = {line.split()[0]: [int(float(v)) for v in line.split()[1:]] for line in (cub / "bounding_boxes.txt").read_text().splitlines()}
        self.items = [(cub / "images" / name, boxes[i]) for i, name in names.items() if (cub / "images" / name).exists()]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        path, (x, y, w, h) = self.items[index]
        image = Image.open(path).convert("RGB")
        r, cx, cy = int(max(w, h) * 0.75), (2 * x + w) // 2, (2 * y + h) // 2
        image = image.crop((max(0, cx - r), max(0, cy - r), min(image.width, cx + r), min(image.height, cy + r)))
        return finish(shorter_side(image, STORED))


class Shards(torch.utils.data.Dataset):
    def __init__(self, folder):
        self.path, self.file = folder / "train-00000-of-00001.h5", None
        with h5py.File(self.path) as file:
            self.offset, self.size, self.codec = file["images/offset"][:], file["images/size"][:].reshape(-1, 2), file.attrs["codec"]

    def __len__(self):
        return len(self.offset) - 1

    def __getitem__(self, index):
        self.file = self.file or h5py.File(self.path)
        data = self.file["images/bytes"][self.offset[index]:self.offset[index + 1]]
        if self.codec in ("raw", b"raw"):
            width, height = self.size[index]
            return finish(Image.fromarray(data.reshape(height, width, 3)))
        return finish(Image.open(io.BytesIO(data.tobytes())).convert("RGB"))


def peer(dataset, workers, seconds):
    torch.set_num_threads(1)
    loader = torch.utils.data.DataLoader(dataset, batch_size=16, shuffle=True, drop_last=True, num_workers=workers,
                                         persistent_workers=workers > 0)
    images, start = 0, None
    while start is None or time.monotonic() - start < seconds:
        for batch in loader:
            start = start or time.monotonic()  # the first batch waits for the workers to start
            images += 16
            if time.monotonic() - start > seconds:
                break
    return (images - 16) / (time.monotonic() - start)


def ours(folder, workers, seconds):
    said = subprocess.run([BIN / "loader_bench", folder, str(SIDE), str(workers), str(seconds)], check=True, capture_output=True, text=True)
    return json.loads(said.stdout)


def pack(folder, codec):
    subprocess.run([BIN / "helio-pack", f"--root={SAMPLE}", f"--out={folder}", "--on_missing=skip", f"--codec={codec}", "--shard_records=100000"],
                   check=True, capture_output=True)
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="helio_loader_", dir="/dev/shm") as folder:
        sets = {codec: pack(pathlib.Path(folder) / codec, codec) for codec in ("raw", "jpeg")}
        peers = {"published code, PIL, source files": Published(SAMPLE)} | {f"DataLoader + h5py + PIL, {c} shards": Shards(s) for c, s in sets.items()}
        best = {}
        for _ in range(arguments.rounds):  # in turn, so that a slow spell of the machine hits all
            for workers in (1, 2):
                for codec, data in sets.items():
                    said = ours(data, workers, arguments.seconds)
                    best.setdefault(("ours", codec, workers), []).append(said)
                for name, dataset in peers.items():
                    best.setdefault((name, workers), []).append(peer(dataset, workers, arguments.seconds))
        report(best, sets, peers)


def report(best, sets, peers):
    published = max(best["published code, PIL, source files", 1])
    print("| loader | workers | images/s | images/s a core | limit a core | share of the limit | with scaling to 3 sides, a core | of the published code |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for workers in (1, 2):
        for codec in sets:
            rounds = best["ours", codec, workers]
            rate, core = (max(r["loader"][k] for r in rounds) for k in ("a_second", "a_cpu_second"))
            limit = max(r["limit"]["a_cpu_second"] for r in rounds)
            whole = max(r["with_upload"]["a_cpu_second"] for r in rounds)
            print(f"| Heliograph, {codec} ({rounds[0]['bytes_a_picture'] / 1e3:.0f} kB a picture) | {workers} | {rate:.0f} | {core:.0f} | {limit:.0f} "
                  f"| {100 * core / limit:.0f} % | {whole:.0f} | {whole / published:.1f} x |")
    for name in peers:
        for workers in (1, 2):
            rate = max(best[name, workers])
            print(f"| {name} | {workers} | {rate:.0f} | {rate / workers:.0f} | | | {rate / workers:.0f} | {rate / workers / published:.1f} x |")


if __name__ == "__main__":
    main()
