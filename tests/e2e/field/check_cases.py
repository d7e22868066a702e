#!/usr/bin/env python3
"""What other people's files and habits have shown (docs/tested-faults.md): each case is made anew, tried with the programs themselves, and ends as it
must. Usage: check_cases.py BIN_DIR [CASE...]"""
import functools
import json
import os
import pathlib
import pickle
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile

import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
import checks  # noqa: E402
from checks import check  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()
run = functools.partial(checks.run, expect=None)  # what is to be said, and with which code, each case knows
RED, BLUE = (220, 20, 20), (20, 20, 220)


def expect(case, done, code, *words):
    got, said = done.code, done.said
    missing = [word for word in words if word not in said]
    check(got == code and not missing and "internal error" not in said,
          f"{case}: exit code {got}, {said.strip().splitlines()[-1][:110] if said.strip() else 'nothing said'}" + (f"; not said: {missing}\n{said}" if missing else ""))


def picture(path, colour=RED, size=(96, 90)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def small_folder(folder, count=3):
    for i in range(count):
        picture(folder / f"{i}.jpg", (40 * i, 90, 60))
        (folder / f"{i}.txt").write_text(f"a picture of number {'abcdefghijk'[i]} red\n")
    return folder


def as_nobody(*command):
    ended = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=ROOT, timeout=200, user=65534, group=65534, extra_groups=[])
    return checks.Done(ended.returncode, ended.stdout, ended.stderr)


def pack(work, *flags):
    return run(BIN / "helio-pack", "--side=76", *flags)


def case06_same_name_in_two_folders(work):
    root, images, annotations = work / "06", [], []
    for i, (camera, colour, word) in enumerate((camera, colour, word) for camera, colour, word in (("cam_a", RED, "red"), ("cam_b", BLUE, "blue")) for _ in range(2)):
        name = f"{camera}/frame_{i % 2}.jpg"
        picture(root / "train2017" / name, colour)
        images.append({"id": i, "file_name": name, "width": 96, "height": 90})
        annotations.append({"id": i, "image_id": i, "caption": f"a {word} picture"})
    for i in range(2):
        picture(root / f"train2017/frame_{i}.jpg", RED)  # a flat copy of one camera's
    (root / "annotations").mkdir()
    (root / "annotations/captions_train2017.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    expect("06", pack(work, "--source=coco", f"--root={root}", f"--out={work}/06packed"), 0)
    shards = b"".join(path.read_bytes() for path in (work / "06packed").rglob("*.h5"))
    wanted = [f"cam_{camera}/frame_{i}".encode() for camera in "ab" for i in range(2)]
    check(all(shards.count(name) >= 1 for name in wanted), "06: every id is the name as written, and they are four")
    expect("06", run(BIN / "helio-inspect", f"--path={work}/06packed", f"--samples={work}/06.png"), 0)
    seen = {pixel for _, pixel in Image.open(work / "06.png").convert("RGB").getcolors(1 << 24) if max(pixel) - min(pixel) > 150}
    check(any(p[0] > 180 for p in seen) and any(p[2] > 180 for p in seen), "06: cam_b's pictures are blue")


def case10_folders(work):
    good, out = small_folder(work / "10"), work / "10packed"
    (work / "10file").write_text("")
    expect("10", pack(work, "--source=folder", f"--root={good}", f"--out={work}/10file/x"), 1, "10file")
    expect("10", pack(work, "--source=folder", f"--root={good}", f"--out={work}/{'x' * 300}"), 1, "x" * 300)
    looped = small_folder(work / "10loop")
    (looped / "loop.jpg").symlink_to("loop.jpg")
    expect("10", pack(work, "--source=folder", f"--root={looped}", f"--out={out}loop"), 1, "loop.jpg")
    if os.getuid() != 0:
        return print("10: rights are tried as root only")
    locked = small_folder(work / "10locked")
    (locked / "secret").mkdir(mode=0o700)
    for folder, mode in ((work, 0o755), (work / "everybody", 0o777)):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    for wrong, *flags in (("/root/x", f"--root={good}", "--out=/root/x"), ("10locked/secret", f"--root={locked}", f"--out={work}/everybody/x")):
        expect("10", as_nobody(BIN / "helio-pack", "--side=76", "--source=folder", *flags), 1, wrong)


def case11_numbers_of_the_packer(work):
    wrong = {"shard_records": "0", "quality": "900", "captions_per_image": "-1", "workers": "-4"}
    done = pack(work, "--source=folder", f"--root={small_folder(work / '11')}", f"--out={work}/11packed", *(f"--{name}={value}" for name, value in wrong.items()))
    expect("11", done, 1, "these flags need attention", *(f"--{name}={value}: " for name, value in wrong.items()))
    for flag in ("--shard_records=-1", "--quality=-1"):
        expect("11", pack(work, "--source=folder", f"--root={work}/11", f"--out={work}/11packed", flag), 1, flag)
    check(not (work / "11packed").exists(), "11: and nothing was written")


def case13_byte_order_mark(work):
    small_folder(work / "13", 10)
    (work / "13.flags").write_bytes(b"\xef\xbb\xbf--source=folder\r\n--root=13\r\n--side=76\r\n")
    expect("13", run(BIN / "helio-pack", f"--flagfile={work}/13.flags", f"--out={work}/13packed", cwd=work), 0)


def convert(work, *arguments, **options):
    return run(sys.executable, ROOT / "scripts/convert_weights.py", *arguments, **options)


def case17_tensor_beside_state_dict(work):
    torch.save({"g_ema": {"conv.weight": torch.ones(2, 3)}, "latent_avg": torch.zeros(8)}, work / "generator.pt")
    expect("17", convert(work, "--out", work / "17.safetensors", work / "generator.pt"), 1, "g_ema", "--key")
    check(not (work / "17.safetensors").exists(), "17: and nothing was written")
    expect("17", convert(work, "--out", work / "17.safetensors", "--key", "g_ema", work / "generator.pt"), 0, "1 tensors, 6 numbers")


def case18_equals_sign(work):
    (work / "lr=0.001").mkdir()
    for name in ("epoch=12-step=345.ckpt", "lr=0.001/encoder.pth"):
        torch.save({"conv.weight": torch.ones(2, 3)}, work / name)
        expect("18", convert(work, "--out", work / "18.safetensors", name, cwd=work), 0, "1 tensors")
    expect("18", convert(work, "--out", work / "18.safetensors", "epoch=13.ckpt", cwd=work), 1, "'epoch'", "13.ckpt")


def case19_captions_are_no_vocabulary(work):
    (work / "captions.pickle").write_bytes(pickle.dumps([f"<start> a bird number {i} <end>" for i in range(40)], protocol=5))
    expect("19", run(sys.executable, ROOT / "scripts/convert_vocab.py", work / "captions.pickle", work / "vocabulary.json"), 1, "holds a list of captions")
    check(not (work / "vocabulary.json").exists(), "19: and nothing was written")


def cub(root):
    keys = [f"00{c}.C{c}/C{c}_{i}" for c in (1, 2, 3) for i in range(2)]
    folder = root / "CUB_200_2011"
    for key in keys:
        picture(folder / f"images/{key}.jpg", (30, 120, 60))
        (root / f"text/{key}.txt").parent.mkdir(parents=True, exist_ok=True)
        (root / f"text/{key}.txt").write_text("a green bird\n")
    rows = {"images": [f"{i} {key}.jpg" for i, key in enumerate(keys, 1)], "classes": [f"{c} 00{c}.C{c}" for c in (1, 2, 3)],
            "image_class_labels": [f"{i} {(i + 1) // 2}" for i in range(1, 7)], "bounding_boxes": [f"{i} 5.0 5.0 80.0 80.0" for i in range(1, 7)],
            "train_test_split": [f"{i} {int(i <= 4)}" for i in range(1, 7)]}
    for name, lines in rows.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return keys


def case20_train_and_test_overlap(work):
    root = work / "20"
    keys = cub(root)
    for split, own in (("train", keys), ("test", keys[4:])):
        (root / split).mkdir()
        (root / split / "filenames.txt").write_text("\n".join(own) + "\n")
    expect("20", pack(work, "--source=cub", f"--root={root}", f"--out={work}/20packed"), 1, keys[4], "in train and in test")
    shutil.rmtree(root / "test")  # a list for training alone
    expect("20", pack(work, "--source=cub", f"--root={root}", f"--out={work}/20packed"), 1, keys[4], "in train and in test")


def case28_a_port_that_is_taken(work):
    """quickstart looks for ports of its own; its search is run as it stands there, in a range that no run beside this test listens in."""
    search = (ROOT / "scripts/quickstart").read_text().split("<<'END'\n", 1)[1].split("\nEND\n", 1)[0]
    elsewhere = search.replace("range(29400, 29600, 10)", "range(28400, 28600, 10)")
    check(elsewhere != search, "28: the search begins at 29400")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 28400))
        other.listen()
        done = run(sys.executable, "-c", elsewhere, "2")
    check(done.code == 0 and done.said == "28410\n", f"28: another port is found: {done.said.strip()}")


def case_webdataset(work):
    """Tar files of KEY.jpg with KEY.txt: refused with a way to unpack them, which works as it is written."""
    source, root = small_folder(work / "pieces", 10), work / "webdataset"
    root.mkdir()
    for name, numbers in (("a", range(5)), ("b", range(5, 10))):
        with tarfile.open(root / f"{name}.tar", "w") as tar:
            for i in numbers:
                for suffix in ("jpg", "txt"):
                    tar.add(source / f"{i}.{suffix}", f"{i}.{suffix}")
    done = pack(work, "--source=folder", f"--root={root}", f"--out={work}/wpacked")
    expect("WebDataset", done, 1, "2 .tar (WebDataset?)", "for t in *.tar; do")
    remedy = re.search(r"unpack them: (for t in .*?; done);", done.said)[1]
    subprocess.run(["bash", "-ec", remedy], cwd=root, check=True)
    expect("WebDataset, unpacked", pack(work, "--source=folder", f"--root={root}", f"--out={work}/wpacked"), 0, "packed 10 of 10")


def main():
    chosen = sys.argv[2:]
    cases = [case for name, case in sorted(globals().items()) if name.startswith("case") and (not chosen or name in chosen)]
    with tempfile.TemporaryDirectory(prefix="helio_field_") as folder:
        for case in cases:
            case(pathlib.Path(folder))


if __name__ == "__main__":
    main()
