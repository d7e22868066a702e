#!/usr/bin/env python3
"""Every program's command line: help in groups, slips named with the nearest flag, one JSON object a line. Usage: command_line_test.py BIN_DIR"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

BIN = pathlib.Path(sys.argv[1])
PROGRAMS = ("helio-synth", "helio-pack", "helio-pretrain", "helio-train", "helio-eval", "helio-generate")


def run(program, *flags, **environment):
    return subprocess.run([str(BIN / program), *flags], capture_output=True, text=True, timeout=60, env=dict(os.environ, **environment))


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")
    print("ok:", message)


def main():
    for program in PROGRAMS:
        done = run(program, "--help")
        lines = done.stdout.splitlines()
        check(done.returncode == 0 and lines[0].startswith(program) and "\nMore\n" not in done.stdout and len(lines) < 140,
              f"{program} --help: {len(lines)} lines, every flag in a group")
        done = run(program, "--ouu=x", "--zebra")
        check(done.returncode == 1 and "--ouu: no such flag (did you mean --out?)" in done.stderr and "--zebra: no such flag" in done.stderr,
              f"{program}: unknown flags, all at once")
    shown = run("helio-pretrain", "--help", "--recipe=damsm").stdout
    check("--text_dropout=0.5" in shown and "--batch=20" in shown and "--gf=" not in shown and "--caption_lambda" not in shown,
          "--help --recipe=damsm: what it reads, nothing else")
    done = run("helio-train", "--help", "--recipe=mirorgan")
    check(done.returncode == 1 and "one of attn_dcgan" in done.stderr, "--help --recipe: an unknown system is named")
    with tempfile.TemporaryDirectory() as folder:
        done = run("helio-train", "--recipe=mirrorgan", "--batch=1", "--stages=9", "--log_format=json", f"--out={folder}/x", "--data=/nowhere", SLURM_PROCID="3")
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        check(done.returncode == 1 and (lines[-1]["severity"], lines[-1]["rank"]) == ("E", 3) and {"time", "source"} <= set(lines[-1]), "--log_format=json")
        check("--stages" in lines[-1]["message"] and "--batch" in lines[-1]["message"], "all problems listed at once")
        said = run("helio-train", "--recipe=mirrorgan", "--weights=dasm:/nowhere,captioner", "--data=/nowhere", f"--out={folder}/x").stderr
        check("'captioner' is not ROLE:FILE" in said, "--weights: each entry is a role and a file")
        said = run("helio-train", "--recipe=mirrorgan", "--weights=dasm:/nowhere", "--captioner=/nowhere", "--data=/nowhere", f"--out={folder}/x").stderr
        check("no system takes 'dasm'" in said and "--captioner=/nowhere: no such file" in said, "--weights: a role that nobody takes is named")
        check(run("helio-train", "--log_format=xml").returncode == 1, "another format is refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
