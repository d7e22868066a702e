#!/usr/bin/env python3
"""Every program's command line: help in groups, slips named with the nearest flag, one JSON object a line; the flagfiles of configs/. Usage:
command_line_test.py BIN_DIR"""
import concurrent.futures
import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()
PROGRAMS = ("helio-synth", "helio-pack", "helio-pretrain", "helio-train", "helio-eval", "helio-generate")


def wanting(flagfile):
    """What its program says it still needs."""
    for program in ("helio-train", "helio-pretrain"):
        said = run(BIN / program, f"--flagfile={flagfile}", "--data=/nowhere", "--out=/nowhere", expect=1).err
        if "--recipe=" not in said:
            break
    return [line for line in said.splitlines()[1:] if line]


def check_flagfiles():
    files = [file for file in sorted((ROOT / "configs").rglob("*.flags")) if file.parent.name != "base"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        wanted = dict(zip((str(file.relative_to(ROOT)) for file in files), pool.map(wanting, files)))
    strange = {name: lines for name, lines in wanted.items() if len(lines) != 1 or not lines[0].startswith("  --data=/nowhere: no packed data set")}
    check(len(files) > 60 and not strange, f"the {len(files)} flagfiles of configs/ need data and nothing else {strange or ''}")


def main():
    check_flagfiles()
    for program in PROGRAMS:
        done = run(BIN / program, "--help")
        lines = done.out.splitlines()
        check(lines[0].startswith(program) and "\nMore\n" not in done.out and len(lines) < 140,
              f"{program} --help: {len(lines)} lines, every flag in a group")
        done = run(BIN / program, "--ouu=x", "--zebra", expect=1)
        check("--ouu: no such flag (did you mean --out?)" in done.err and "--zebra: no such flag" in done.err,
              f"{program}: unknown flags, all at once")
    shown = run(BIN / "helio-pretrain", "--help", "--recipe=damsm").out
    check("--text_dropout=0.5" in shown and "--batch=20" in shown and "--gf=" not in shown and "--caption_lambda" not in shown,
          "--help --recipe=damsm: what it reads, nothing else")
    done = run(BIN / "helio-train", "--help", "--recipe=mirorgan", expect=1)
    check("one of attn_dcgan" in done.err, "--help --recipe: an unknown system is named")
    with tempfile.TemporaryDirectory() as folder:
        done = run(BIN / "helio-train", "--recipe=mirrorgan", "--batch=1", "--stages=9", "--log_format=json", f"--out={folder}/x", "--data=/nowhere", SLURM_PROCID="3", expect=1)
        lines = [json.loads(line) for line in done.err.splitlines()]
        check((lines[-1]["severity"], lines[-1]["rank"]) == ("E", 3) and {"time", "source"} <= set(lines[-1]), "--log_format=json")
        check("--stages" in lines[-1]["message"] and "--batch" in lines[-1]["message"], "all problems listed at once")
        said = run(BIN / "helio-train", "--recipe=mirrorgan", "--weights=dasm:/nowhere,captioner", "--data=/nowhere", f"--out={folder}/x", expect=1).err
        check("'captioner' is not ROLE:FILE" in said, "--weights: each entry is a role and a file")
        said = run(BIN / "helio-train", "--recipe=mirrorgan", "--weights=dasm:/nowhere", "--captioner=/nowhere", "--data=/nowhere", f"--out={folder}/x", expect=1).err
        check("no system takes 'dasm'" in said and "--captioner=/nowhere: no such file" in said, "--weights: a role that nobody takes is named")
        check(run(BIN / "helio-train", "--log_format=xml", expect=1).code == 1, "another format is refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
