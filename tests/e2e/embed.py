#!/usr/bin/env python3
"""helio-embed beside a data set's shards, and StackGAN that reads what it wrote: training, evaluation, samples, resume; embeddings that changed,
that are damaged and that are missing are named. Usage: embed.py BIN_DIR"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run  # noqa: E402
from scenarios import make_data, tensors  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()
SIZES = ["--flagfile=" + str(ROOT / "configs/base/toy.flags"), "--embedding=16", "--word_vector=16", "--batch=8", "--threads=1", "--log_every=1"]


def said(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stderr


def trainer(work):
    """The command of a StackGAN in a folder of that name, to so many steps."""
    def train(run, steps, *more):
        return [BIN / "helio-train", *SIZES, "--recipe=stackgan1", "--gf=8", "--df=4", "--z=8", "--condition=8", f"--data={work}/data",
                f"--damsm={work}/damsm/best.safetensors", f"--out={work}/{run}", f"--steps={steps}", "--checkpoint_every=2", "--sample_every=2",
                "--evaluate_every=2", "--evaluate_images=160", *more]
    return train


def embeddings_are_read(work, embed, train, data, damsm):
    """Training, samples, resume and evaluation from what helio-embed wrote."""
    code, log = said(*train("none", 2))
    check(code == 1 and "helio-embed" in log, "without embeddings the remedy is named")
    code, log = said(*embed)
    check(code == 0 and "embeddings.train.safetensors" in log and "embeddings.test.safetensors" in log and "16 dimensions" in log, "helio-embed says what it wrote")
    held_out_rows_have_theirs(work, train)
    run(*train("whole", 4))
    check((work / "whole/samples/step-0000004.png").exists(), "samples of held-out captions' embeddings")
    run(*train("halves", 2))
    run(*train("halves", 4))
    check(tensors(work / "whole", 4) == tensors(work / "halves", 4), "resumed bit-equal")
    run(BIN / "helio-eval", f"--checkpoint={work}/whole", data, damsm, "--images=160", f"--out={work}/report")
    check((work / "report/summary.json").exists(), "helio-eval draws from embeddings")


def main():
    with tempfile.TemporaryDirectory(prefix="helio_embed_") as folder:
        work = pathlib.Path(folder)
        make_data(BIN, work)
        data, damsm, train = f"--data={work}/data", f"--damsm={work}/damsm/best.safetensors", trainer(work)
        run(BIN / "helio-pretrain", *SIZES, "--recipe=damsm", data, "--steps=2", "--evaluate_images=100", f"--out={work}/damsm")
        embed = [BIN / "helio-embed", *SIZES[1:3], data, damsm]
        embeddings_are_read(work, embed, train, data, damsm)
        sentences_are_read_by_their_encoder(work)
        sentences_are_read_as_long_as_captions_were(work, train)
        run(*embed, "--longest=3")
        code, log = said(*train("halves", 6))
        check(code == 1 and "--data: content" in log, "a resume with other embeddings is refused")
        vectors_that_are_damaged_are_told(work, train)
        frozen_networks_are_the_checkpoints(work, train)
        characters_are_embedded(work, data, damsm)
    return 0


def flip_last_byte(path):
    with open(path, "r+b") as file:
        file.seek(-1, 2)
        byte = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([byte ^ 1]))


def vectors_that_are_damaged_are_told(work, train):
    """A flipped bit in what is trained on, and in what is drawn from: before the first step."""
    for split in ("train", "test"):
        file = work / f"data/embeddings.{split}.safetensors"
        flip_last_byte(file)
        code, log = said(*train(f"damaged_{split}", 2))
        check(code == 1 and f"{file.name}: digest differs" in log and "step 1/" not in log, f"damaged vectors of the split {split} are told at the start")
        flip_last_byte(file)


def held_out_rows_have_theirs(work, train):
    """Which a run would miss at its first samples, or after its last step."""
    own, aside = (work / "data/embeddings.test.safetensors", work / "aside.safetensors")
    own.rename(aside)
    code, log = said(*train("none", 2))
    begun = (work / "none/checkpoints").exists()
    check(code == 1 and "embeddings.test.safetensors: is missing" in log and not begun, "embeddings of training rows alone are refused at once")
    aside.rename(own)


def sentences_are_read_by_their_encoder(work):
    """helio-generate with a system that was trained on embeddings: the encoder that the run recorded, another one, none."""
    generate = [BIN / "helio-generate", f"--checkpoint={work}/whole", "--text=a red bird", f"--out={work}/x.png"]
    run(*generate)
    check((work / "x-1.png").exists(), "a sentence is read by the encoder that the run recorded")
    run(BIN / "helio-pretrain", *SIZES, "--recipe=damsm", f"--data={work}/data", "--steps=2", "--evaluate_images=100", "--seed=9", f"--out={work}/stranger")
    code, log = said(*generate, f"--text_encoder={work}/stranger/best.safetensors")
    check(code == 1 and "another encoder" in log, "another encoder is refused")
    (work / "damsm/best.safetensors").rename(work / "moved.safetensors")
    code, log = said(*generate)
    check(code == 1 and "is gone" in log and "--text_encoder" in log, "an encoder that is gone is named")
    run(*generate, f"--text_encoder={work}/moved.safetensors")
    (work / "moved.safetensors").rename(work / "damsm/best.safetensors")


def sentences_are_read_as_long_as_captions_were(work, train):
    """By helio-embed, whatever the system's own --words."""
    run(*train("short", 2, "--words=3"))
    code, log = said(BIN / "helio-generate", f"--checkpoint={work}/short", "--text=a red bird with a blue head", f"--out={work}/short.png")
    check(code == 0 and "words are used" not in log, "a sentence of more words than --words is read to its end")


def characters_are_embedded(work, data, damsm):
    """char-CNN-RNN from its pretraining to a picture, and what happens where the data's embeddings are of another encoder."""
    encoder = f"{work}/char/best.safetensors"
    pretrain = [BIN / "helio-pretrain", *SIZES, "--recipe=char_cnn_rnn", data, "--char_conv1=8", "--char_conv2=8", "--char_width=8", f"--out={work}/char"]
    code, log = said(*pretrain, "--steps=2")
    check(code == 1 and "--classifier" in log, "the trunk that is missing is named")
    run(*pretrain, "--steps=2", "--evaluate_images=100", "--random_frozen")
    code, log = said(BIN / "helio-embed", *SIZES[1:3], data, f"--text_encoder={encoder}", damsm)
    check(code == 1 and "one encoder" in log, "two encoders are refused")
    code, log = said(BIN / "helio-embed", data, f"--text_encoder={encoder}")
    check(code == 0 and "char-CNN-RNN" in log and "128 dimensions" in log, "helio-embed takes char-CNN-RNN")
    code, log = said(BIN / "helio-eval", f"--checkpoint={work}/whole", data, damsm, "--images=160", f"--out={work}/report")
    check(code == 1 and "of another encoder" in log, "helio-eval refuses embeddings of another encoder")
    run(BIN / "helio-train", *SIZES, "--recipe=gan_int_cls", "--gf=8", "--df=4", "--z=8", "--text_projection=8", data, f"--out={work}/int_cls", "--steps=3", "--sample_every=3")
    run(BIN / "helio-generate", f"--checkpoint={work}/int_cls", "--text=a zebra-striped bird!", f"--out={work}/z.png")
    check((work / "z-1.png").exists(), "words that no caption had are read by their characters")
    run(BIN / "helio-eval", f"--checkpoint={work}/int_cls", data, damsm, "--images=160", f"--out={work}/report")


def frozen_networks_are_the_checkpoints(work, train):
    """helio-generate with the frozen networks of another run, or without them."""
    run(*train("words", 2, "--sentence=damsm"))
    run(*train("other", 2, "--sentence=damsm", "--random_frozen", "--damsm="))
    generate = [BIN / "helio-generate", f"--checkpoint={work}/words", "--text=a red bird", f"--out={work}/x.png"]
    run(*generate)
    frozen = work / "words/frozen.safetensors"
    frozen.write_bytes((work / "other/frozen.safetensors").read_bytes())
    code, log = said(*generate)
    check(code == 1 and "other frozen networks" in log, "frozen networks of another run are refused")
    frozen.unlink()
    code, log = said(*generate)
    check(code == 1 and "frozen.safetensors" in log, "missing frozen networks are named, not drawn at random")


if __name__ == "__main__":
    sys.exit(main())
