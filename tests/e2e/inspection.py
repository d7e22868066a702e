#!/usr/bin/env python3
"""helio-inspect on a small packed set: what it shows, and that it names damage. Usage: inspection.py BIN_DIR"""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def expect_damage(path, *words):
    lines = run(BIN / "helio-inspect", f"--path={path}", "--verify", expect=1).err.strip().splitlines()
    check(len(lines) == 1 and all(word in lines[0] for word in words), f"one line names {words}: {lines}")


def check_shown(data):
    manifest = json.loads((data / "manifest.json").read_text())
    shown = run(BIN / "helio-inspect", f"--path={data}", "--verify", f"--samples={data.parent}/samples.png", "--n=5").out
    for split, shards in manifest["splits"].items():
        check(f"{split}:" in shown and f"records   {sum(s['records'] for s in shards)}," in shown, f"records of {split}")
    check(f"vocabulary of {manifest['words']} words" in shown and "everything is whole" in shown, "vocabulary, verified")
    check((data.parent / "samples.png").read_bytes()[:4] == b"\x89PNG", "samples.png")


def check_other_paths(data):
    for path, said in ((data / "manifest.json", "is no shard (name a shard (.h5), or the folder"), (data.parent, "is no packed data set")):
        check(said in run(BIN / "helio-inspect", f"--path={path}", expect=1).err, f"{path.name}: {said}")


def check_full_disk(data):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BIN / "helio-inspect", f"--path={data}"], stdout=full, stderr=subprocess.PIPE, text=True)
    check(done.returncode == 75 and "standard output: cannot be written" in done.stderr, f"a full disk under the output: {done}")
    for reader, writer in (map(os.fdopen, os.pipe(), "rw"), socket.socketpair()):
        reader.close()
        done = subprocess.run([BIN / "helio-inspect", f"--path={data}"], stdout=writer, stderr=subprocess.PIPE, text=True)
        writer.close()
        check((done.returncode, done.stderr) == (0, ""), f"output whose reader has gone: {done}")


def check_damage(data):
    shard = data / "train-00000-of-00001.h5"
    shown = run(BIN / "helio-inspect", f"--path={shard}", "--verify").out
    check("format version 2" in shown and "codec jpeg" in shown, "a shard alone")
    whole = shard.read_bytes()
    picture = whole.index(b"\xff\xd8\xff") + 300  # inside record 0
    flip(shard, picture)
    expect_damage(shard, shard.name, "record 0", "checksum differs")
    expect_damage(data, shard.name, "record 0", "digest differs")
    shard.write_bytes(whole)
    flip(shard, whole.index(b"bird_1"))  # an id: no checksum of its own
    expect_damage(data, shard.name, "digest differs")
    shard.write_bytes(whole[:-100])
    expect_damage(data, shard.name, "bytes")
    shard.write_bytes(whole)
    flip(data / "vocabulary.json", (data / "vocabulary.json").read_bytes().index(b"bird"))
    expect_damage(data, "vocabulary.json", "digest")


with tempfile.TemporaryDirectory(prefix="helio_inspect_") as folder:
    work = pathlib.Path(folder)
    run(BIN / "helio-synth", f"--out={work}/drawn", "--families=3", "--test_classes=20", "--test_images=2", "--images=140")
    packed = run(BIN / "helio-pack", f"--root={work}/drawn", f"--out={work}/data", "--side=76").err
    check(re.search(r"packed (\d+) of \1 \(\d+ a second, 0 s left\)", packed), "packing tells progress, speed and time left")
    check_other_paths(work / "data")
    check_shown(work / "data")
    check_full_disk(work / "data")
    check_damage(work / "data")
