#!/usr/bin/env python3
"""helio-embed beside a data set's shards, and StackGAN that reads what it wrote: training, evaluation, samples, resume; embeddings that changed
and embeddings that are missing are named. Usage: embed.py BIN_DIR"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from support import check, make_data, must, tensors  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()
SIZES = ["--flagfile=" + str(ROOT / "configs/base/toy.flags"), "--embedding=16", "--word_vector=16", "--batch=8", "--threads=1", "--log_every=1"]


def said(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stderr


def main():
    with tempfile.TemporaryDirectory(prefix="helio_embed_") as folder:
        work = pathlib.Path(folder)
        make_data(BIN, work)
        data = f"--data={work}/data"
        damsm = f"--damsm={work}/damsm/best.safetensors"
        must(BIN / "helio-pretrain", *SIZES, "--recipe=damsm", data, "--steps=2", "--evaluate_images=100", f"--out={work}/damsm")

        def train(run, steps, *more):
            return [BIN / "helio-train", *SIZES, "--recipe=stackgan1", "--gf=8", "--df=4", "--z=8", "--condition=8", data, damsm, f"--out={work}/{run}",
                    f"--steps={steps}", "--checkpoint_every=2", "--sample_every=2", "--evaluate_every=2", "--evaluate_images=160", *more]

        code, log = said(*train("none", 2))
        check(code == 1 and "helio-embed" in log, "without embeddings the remedy is named")
        embed = [BIN / "helio-embed", *SIZES[1:3], data, damsm]
        code, log = said(*embed)
        check(code == 0 and "embeddings.train.safetensors" in log and "embeddings.test.safetensors" in log and "16 dimensions" in log, "helio-embed says what it wrote")
        must(*train("whole", 4))
        check((work / "whole/samples/step-0000004.png").exists(), "samples of held-out captions' embeddings")
        must(*train("halves", 2))
        must(*train("halves", 4))
        whole, halves = (tensors(work / run, 4) for run in ("whole", "halves"))
        check(whole == halves, "resumed bit-equal")
        must(BIN / "helio-eval", f"--checkpoint={work}/whole", data, damsm, "--images=160", f"--out={work}/report")
        check((work / "report/summary.json").exists(), "helio-eval draws from embeddings")
        code, log = said(BIN / "helio-generate", f"--checkpoint={work}/whole", "--text=a red bird", f"--out={work}/x.png")
        check(code == 1 and "embeddings of whole sentences" in log, "helio-generate says that words alone cannot be drawn")
        must(*embed, "--longest=3")
        code, log = said(*train("halves", 6))
        check(code == 1 and "--data: content" in log, "a resume with other embeddings is refused")
        frozen_networks_are_the_checkpoints(work, train)
    return 0


def frozen_networks_are_the_checkpoints(work, train):
    """helio-generate with the frozen networks of another run, or without them."""
    must(*train("words", 2, "--sentence=damsm"))
    must(*train("other", 2, "--sentence=damsm", "--random_frozen", "--damsm="))
    generate = [BIN / "helio-generate", f"--checkpoint={work}/words", "--text=a red bird", f"--out={work}/x.png"]
    must(*generate)
    frozen = work / "words/frozen.safetensors"
    frozen.write_bytes((work / "other/frozen.safetensors").read_bytes())
    code, log = said(*generate)
    check(code == 1 and "other frozen networks" in log, "frozen networks of another run are refused")
    frozen.unlink()
    code, log = said(*generate)
    check(code == 1 and "frozen.safetensors" in log, "missing frozen networks are named, not drawn at random")


if __name__ == "__main__":
    sys.exit(main())
