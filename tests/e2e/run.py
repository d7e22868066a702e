#!/usr/bin/env python3
"""The programs as a user runs them, on small data. Usage: run.py BIN_DIR SCENARIO   (scenarios: toy, resume, cub, errors, noise)"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run  # noqa: E402
from scenarios import free_ports, losses  # noqa: E402

BIN = pathlib.Path(sys.argv[1])
TOY = ["--stages=2", "--gf=4", "--df=4", "--caption_embedding=16", "--caption_hidden=16", "--embedding=16", "--word_vector=16",
       "--batch=8", "--log_every=1"]


def command(program, *flags, ranks=1):
    launcher = MPIRUN + ["-n", str(ranks)] if ranks > 1 else []
    return launcher + [str(BIN / program), *map(str, flags)]


def make_data(work):
    run(*command("helio-synth", f"--out={work}/drawn", "--families=3", "--test_classes=20", "--test_images=6", "--images=280"))
    run(*command("helio-pack", f"--root={work}/drawn", f"--out={work}/data", "--side=76"))


def pretrain(work, steps=3):
    data = [f"--data={work}/data", f"--steps={steps}"]
    start = f"--classifier={work}/classifier/best.safetensors"
    for recipe, extra in (("classifier", []), ("damsm", [start]), ("captioner", [start])):
        run(*command("helio-pretrain", f"--flagfile=configs/toy/{recipe}.flags", *TOY, *data, *extra, f"--out={work}/{recipe}", ranks=2))


def gan_flags(work, out, steps):
    return ["--flagfile=configs/toy/mirrorgan.flags", *TOY, f"--data={work}/data", f"--damsm={work}/damsm/best.safetensors",
            f"--captioner={work}/captioner/best.safetensors", f"--steps={steps}", f"--out={out}"]


def steps_done(run_folder):
    record = run_folder / "metrics.jsonl"
    return max(losses(run_folder), default=0) if record.exists() and record.read_text().endswith("\n") else 0


def newest_weights(run_folder):
    newest = sorted((run_folder / "checkpoints").glob("step-*"))[-1]
    return {f.name: f.read_bytes() for f in sorted(newest.glob("*.safetensors"))}


def check_export(work):
    """The exported generator is the averaged one of the checkpoint, and survives the way to .pth and back."""
    run(*command("helio-export", f"--checkpoint={work}/two", f"--summary={work}/report/summary.json", f"--out={work}/export"))
    (work / "odd.json").write_text('{"generated": {"fid": {"value": 1.5, "deviation": null, "protocol": "theirs"}, "kid": null, "recall": [1], "precision": {"value": 2, "protocol": 5}}}')
    run(*command("helio-export", f"--checkpoint={work}/two", f"--summary={work}/odd.json", f"--out={work}/odd"))
    rows = (work / "odd/README.md").read_text()
    check(all(f"| {row} |" in rows for row in ("fid | 1.5 | theirs", "kid | not finite | ", "recall | not finite | ", "precision | 2 | ")), "scores of other hands are shown as far as they are numbers")
    check({f.name for f in (work / "export").iterdir()} == {"README.md", "netG.safetensors", "run.flags", "text_encoder.safetensors", "vocabulary.json"},
          "an export has weights, vocabulary, flags and a card")
    card = (work / "export/README.md").read_text()
    check("# mirrorgan, step 4" in card and "r_precision_top1" in card, "the card says step and scores")
    code = """import sys, torch; from safetensors.torch import load_file
work = sys.argv[1]
own, back = load_file(f"{work}/export/netG.safetensors"), torch.load(f"{work}/netG.pth", weights_only=True)
average = load_file(sorted(__import__("pathlib").Path(f"{work}/two/checkpoints").glob("step-*"))[-1] / "average.safetensors")
assert own.keys() == back.keys() and all(torch.equal(own[k], back[k]) for k in own)
assert all(torch.equal(own[k.removeprefix("netG.")], v) for k, v in average.items())
encoder = load_file(f"{work}/export/text_encoder.safetensors")
assert "rnn.weight_ih_l0_reverse" in encoder and "encoder.weight" in encoder, encoder.keys()"""
    python = ROOT / ".venv/bin/python"
    subprocess.run([python, ROOT / "scripts/convert_weights.py", "--out", work / "netG.pth", work / "export/netG.safetensors"], check=True)
    check(subprocess.run([python, "-c", code, work]).returncode == 0, "an export equals the average, also as .pth")


def check_initial(work):
    """A run that begins with an exported generator and trains nothing draws what the exporting one drew."""
    flags = [line for line in (work / "export/run.flags").read_text().splitlines() if not line.startswith(("--out", "--steps", "--epochs", "--expect_world_size"))]
    (work / "imported.flags").write_text("\n".join(flags) + "\n")
    begin = ("helio-train", f"--flagfile={work}/imported.flags", "--steps=0", "--epochs=0", f"--out={work}/imported")
    run(*command(*begin, f"--initial=netG:{work}/export/netG.safetensors"))
    for name in ("two", "imported"):
        run(*command("helio-generate", f"--checkpoint={work}/{name}", "--text=a red bird", "--n=2", f"--out={work}/by-{name}.png"))
    check(all((work / f"by-two-{i}.png").read_bytes() == (work / f"by-imported-{i}.png").read_bytes() for i in (1, 2)), "a generator that was given is drawn with")
    for given, expected in ((f"netX:{work}/export/netG.safetensors", "its parts are netG"), ("netG:nowhere", "no such file"), (f"netD0:{work}/export/netG.safetensors", "do not fit")):
        check(expected in run(*command(*begin, f"--initial={given}"), expect=1).err, f"--initial={given.split(':')[0]}:... is refused: {expected}")


def check_rows(work):
    """One-word edits, and the ways to another sentence and another noise: labelled rows, single pictures, and what each of them is."""
    generate = ("helio-generate", f"--checkpoint={work}/two", "--text=A red bird with a red head.", f"--out={work}/rows.png")
    run(*command(*generate, "--edit=red:blue,red#2:green", "--to_text=a bird", "--to_seed=9", "--between=2", "--n=2", "--seed=5"))
    lines = [json.loads(line) for line in (work / "rows.jsonl").read_text().splitlines()]
    kinds = [(line["kind"], line["noise"]) for line in lines]
    check(kinds == [(kind, noise) for noise in (1, 2) for kind, count in (("edit", 3), ("text", 4), ("noise", 4)) for _ in range(count)], "rows of edits and ways")
    check([line["caption"] for line in lines[:3]] == ["A red bird with a red head.", "A blue bird with a red head.", "A red bird with a green head."], "one word is changed")
    check([round(line["share"], 3) for line in lines[3:7]] == [0, 0.333, 0.667, 1] and lines[7]["to_seed"] == 9 and lines[3]["to_caption"] == "a bird", "ways go from end to end")
    check(all((work / line["file"]).read_bytes()[:4] == b"\x89PNG" and line["seed"] == 5 for line in lines), "each picture stands alone, too")
    check((work / "rows.png").read_bytes()[:4] == b"\x89PNG", "and all in rows.png")
    (work / "texts.txt").write_text("a red bird\n\n this bird is blue \r\n")
    run(*command("helio-generate", f"--checkpoint={work}/two", f"--texts={work}/texts.txt", "--n=2", f"--out={work}/many.png"))
    many = [json.loads(line) for line in (work / "many.jsonl").read_text().splitlines()]
    check([(line["file"], line["noise"]) for line in many] == [("many-1-1.png", 1), ("many-1-2.png", 2), ("many-2-1.png", 3), ("many-2-2.png", 4)], "sentences of a file")
    for encoding in ("utf-16", "latin-1"):
        (work / "odd.txt").write_text("a r\xe9d bird\n", encoding=encoding)
        said = run(*command("helio-generate", f"--checkpoint={work}/two", f"--texts={work}/odd.txt", f"--out={work}/odd.png"), expect=1).err
        check("odd.txt: is not UTF-8" in said and not (work / "odd.png").exists(), f"a file of sentences in {encoding} is refused")
    for flags, expected in ((["--edit=yellow:blue"], "no such word"), (["--edit=red:qwertz"], "'qwertz'"), (["--edit=red"], "WORD:NEW"), (["--to_text=qwertz"], "--to_text")):
        check(expected in run(*command(*generate, *flags), expect=1).err, f"{flags[0]} is refused")


def check_ranks_of_an_evaluation(work, judges):
    """All draw with the checkpoint that rank 0 found, also where another would find another one; and none judges by another network."""
    def evaluate(out, *flags, others=(), expect=0):
        rank = [BIN / "helio-eval", f"--data={work}/data", "--images=120", "--threads=1", f"--out={work}/{out}", f"--checkpoint={work}/two", *judges, *flags]
        return run(*MPIRUN, "-n", "1", *rank, ":", "-n", "1", *rank, *others, expect=expect)

    evaluate("alike")
    evaluate("newer", others=[f"--checkpoint={work}/one"])
    check((work / "newer/summary.json").read_bytes() == (work / "alike/summary.json").read_bytes(), "all ranks draw with rank 0's checkpoint")
    run(*command("helio-pretrain", "--flagfile=configs/toy/classifier.flags", *TOY, f"--data={work}/data", "--steps=1", "--seed=8", f"--out={work}/other/judge"))
    log = evaluate("differ", others=[f"--classifier={work}/other/judge/best.safetensors"], expect=1).said
    check("--classifier: rank 1 has " in log, "a rank that judges by another network is named")


def check_evaluation(work):
    """helio-eval: its scores and pictures, and too few pictures for a score."""
    judges = [f"--damsm={work}/damsm/best.safetensors", f"--classifier={work}/classifier/best.safetensors"]
    evaluate = ("helio-eval", f"--checkpoint={work}/two", f"--data={work}/data", *judges)
    run(*command(*evaluate, f"--attributes={work}/drawn/attributes.json", "--images=120", "--diversity=3", f"--out={work}/report", ranks=2))
    names = set(json.loads((work / "report/summary.json").read_text())["generated"])
    check({"r_precision_top1", "inception_score", "colour_part_accuracy", "colour_swap", "diversity"} <= names, f"scores: {sorted(names)}")
    check(all((work / f"report/{name}.png").read_bytes()[:4] == b"\x89PNG" for name in ("samples", "attention")), "samples.png, attention.png")
    log = run(*command(*evaluate, "--images=60", f"--out={work}/small"), expect=1).err
    check("--images=60: R-precision needs 99" in log, "too few pictures for R-precision are refused before any is drawn")
    for flags, expected in ((["--images=120", "--diversity=16"], "--images=120: --diversity=16 needs at least 160"),
                            (["--images=120", "--inception_splits=200"], "--images=120: --inception_splits=200 needs at least 200")):
        log = run(*command(*evaluate, *flags, f"--out={work}/small"), expect=1).err
        check(expected in log and "judged in" not in log, f"and so is {flags[1]}")
    check_ranks_of_an_evaluation(work, judges)


def scenario_toy(work):
    make_data(work)
    pretrain(work)
    check(all((work / r / "best.safetensors").exists() for r in ("classifier", "damsm", "captioner")), "pretrainings leave best.safetensors")
    run(*command("helio-train", *gan_flags(work, work / "one", 4)))
    run(*command("helio-train", *gan_flags(work, work / "two", 4), f"--metrics_port={free_ports(1)[0]}", ranks=2))
    one, two = losses(work / "one"), losses(work / "two")
    check(all(abs(one[1][k] - two[1][k]) < 1e-4 * max(1, abs(one[1][k])) for k in one[1]), "1 and 2 ranks: the same losses at step 1")
    check(json.loads((work / "two/prometheus-targets.json").read_text()) == [], "a run that ended in order is no target any more")
    check_evaluation(work)
    log = run(*command("helio-inspect", f"--path={work}/two"), expect=1).err
    check("is trained, not packed data" in log, "helio-inspect says what it cannot show")
    log = run(*command("helio-train", *gan_flags(work, work / "two", 4), "--caption_lambda=3", "--dry_run", ranks=2), expect=1).err
    check("--caption_lambda: 10 -> 3" in log, "--dry_run compares with the checkpoint")
    log = run(*command("helio-generate", f"--checkpoint={work}/two", "--text=a red bird with zebra stripes", "--n=2", f"--out={work}/a.png")).err
    check("zebra stripes" in log and (work / "a.png").exists(), "helio-generate names unknown words and draws")
    lines = [json.loads(line) for line in (work / "a.jsonl").read_text().splitlines()]
    check([line["file"] for line in lines] == ["a-1.png", "a-2.png"] and lines[1]["noise"] == 2, "and says what each picture is")
    check_rows(work)
    check_export(work)
    check_initial(work)


def scenario_resume(work):
    make_data(work)
    pretrain(work)
    run(*command("helio-train", *gan_flags(work, work / "whole", 40), "--checkpoint_every=8", ranks=2))
    flags = gan_flags(work, work / "killed", 40) + ["--checkpoint_every=4"]
    attempts = 0
    for steps in (6, 14, 27):
        job = subprocess.Popen(command("helio-train", *flags, ranks=2), cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True)
        while job.poll() is None and steps_done(work / "killed") < steps:
            time.sleep(0.05)
        if job.poll() is None:
            subprocess.run(["pkill", "-9", "-f", f"helio-train.*{work}/killed"])
            attempts += 1
        job.wait()
    run(*command("helio-train", *flags, ranks=2))
    check(attempts == 3, f"killed {attempts} times")
    check(losses(work / "killed") == losses(work / "whole"), "the loss record equals that of the uninterrupted run")
    check(newest_weights(work / "killed") == newest_weights(work / "whole"), "final weights, moments and averages are bit-equal")
    log = run(*command("helio-train", *gan_flags(work, work / "whole", 44), "--caption_lambda=3", ranks=2), expect=1).err
    check("--caption_lambda: 10 -> 3" in log, "another configuration is refused with a diff")
    job = subprocess.Popen(command("helio-train", *gan_flags(work, work / "stopped", 100000), "--checkpoint_every=0", ranks=2), cwd=ROOT,
                           stderr=subprocess.PIPE, text=True, start_new_session=True)
    while job.poll() is None and steps_done(work / "stopped") < 5:
        time.sleep(0.05)
    os.kill(job.pid, signal.SIGUSR1)
    log = job.communicate(timeout=60)[1]
    check(job.returncode == 75 and list((work / "stopped/checkpoints").glob("step-*")), f"SIGUSR1: a checkpoint and exit code 75 ({job.returncode})")


def scenario_cub(work):
    source = ROOT.parent / "shared/data/cub"
    if not source.exists():
        print("skipped: no real CUB sample at", source)
        sys.exit(77)
    run(*command("helio-pack", f"--root={source}", f"--out={work}/data"), expect=1)
    run(*command("helio-pack", f"--root={source}", f"--out={work}/data", "--on_missing=skip"))
    data = [f"--data={work}/data", "--evaluate_images=100"]
    run(*command("helio-pretrain", "--flagfile=configs/cub/damsm.flags", *data, "--batch=4", "--steps=1", f"--out={work}/damsm", ranks=2))
    run(*command("helio-train", "--flagfile=configs/cub/mirrorgan.flags", *data, "--batch=4", "--steps=3", "--log_every=1", "--random_frozen",
                 f"--damsm={work}/damsm/best.safetensors", f"--out={work}/gan", ranks=2))
    record = losses(work / "gan")
    check(sorted(record) == [1, 2, 3] and all(abs(v) < 1e3 for v in record[3].values()), f"three steps: {record[3]}")
    run(*command("helio-eval", f"--checkpoint={work}/gan", *data, f"--damsm={work}/damsm/best.safetensors", "--images=160", f"--out={work}/report", ranks=2))
    summary = json.loads((work / "report/summary.json").read_text())
    check("r_precision_top1" in summary["generated"], f"evaluated: {summary['generated']['r_precision_top1']}")
    check({f"real_r_precision_top{k}" for k in (1, 2, 3)} <= set(summary["real"]), f"real pictures beside it: {summary['real']['real_r_precision_top1']}")


def check_flipped_bits(work, base):
    shard = next((work / "data").glob("train-*.h5"))
    whole = shard.read_bytes()
    for what, place, expected in (("index", len(whole) - 1000, "digest differs"), ("picture", len(whole) // 3, "checksum differs")):
        content = bytearray(whole)
        content[place] ^= 1
        shard.write_bytes(content)
        log = run(*command("helio-train", *base, "--random_frozen", "--gf=4", "--df=4", "--steps=30"), expect=1).err
        check(expected in log and shard.name in log, f"one flipped bit in a shard's {what} is found and named")
    shard.write_bytes(whole)


def scenario_errors(work):
    make_data(work)
    base = ["--flagfile=configs/toy/mirrorgan.flags", f"--data={work}/data", f"--out={work}/x"]
    for flags, expected in (
            (["--recipe=nonsense"], "--recipe='nonsense'"),
            (["--batch=1", "--stages=9"], "--stages=9: 1 to 4"),
            ([], "--damsm"),
            (["--damsm=/nowhere.safetensors"], "/nowhere.safetensors"),
            (["--random_frozen", "--base_side=64"], "--side"),
            (["--random_frozen", "--expect_world_size=3"], "3")):
        log = run(*command("helio-train", *base, *flags), expect=75 if "expect_world" in str(flags) else 1).err
        check(expected in log, f"{' '.join(flags) or 'no encoder'}: {log.strip().splitlines()[-1][:160]}")
    slips = work / "slips.flags"
    slips.write_text("--flagfile=configs/toy/mirrorgan.flags\n--stpes=4\n")
    log = run(*command("helio-train", f"--flagfile={slips}"), expect=1).err
    check(f"{slips}: --stpes: no such flag (did you mean --steps?)" in log, "a slip in a flagfile is named")
    log = run(*command("helio-train", *base, "--random_frozen", "--batch=abc"), expect=1).err
    check("--batch=abc: not of type int64" in log, "a value of another type is named as any mistake is")
    log = run(*command("helio-train", *base, "--random_frozen", "--batch=3", "--dry_run", ranks=4), expect=1).err
    check("--batch=3: too few images for 4 ranks" in log, "fewer images than ranks is a mistake, also for --dry_run")
    log = run(*command("helio-train", "--recipe=mirrorgan", f"--data={work}/drawn", f"--out={work}/x"), expect=1).err
    check(f"--data={work}/drawn: no packed data set" in log, "a folder that is no packed data is named with its flag")
    log = run(*command("helio-train", "--flagfile=nowhere.flags"), expect=1).err
    check("--flagfile=nowhere.flags: cannot be opened" in log, "a missing flagfile is named")
    check_flipped_bits(work, base)
    log = run(*command("helio-generate", "--text=a bird", "--out=x.png"), expect=1).err
    check("--checkpoint" in log, "helio-generate says what is missing")


def scenario_noise(work):
    """StackGAN++ of noise alone on pictures without captions: trained, resumed, drawn, scored, exported."""
    make_data(work)
    run(*command("helio-pretrain", "--flagfile=configs/toy/classifier.flags", *TOY, f"--data={work}/data", "--steps=2", f"--out={work}/classifier"))
    run(*command("helio-pack", "--source=folder", "--captions=none", f"--root={work}/drawn/CUB_200_2011/images", f"--out={work}/alone", "--side=76"))
    tree = ["--flagfile=configs/stackgan_pp/dog.flags", "--stages=2", "--base_side=16", "--gf=4", "--df=4", "--z=8", "--residual_blocks=1", "--batch=8",
            "--log_every=1", "--threads=1", "--checkpoint_every=2", f"--data={work}/alone"]
    run(*command("helio-train", *tree, "--steps=4", "--sample_every=2", f"--out={work}/whole", ranks=2))
    check((work / "whole/samples/step-0000004.png").exists(), "samples of noise")
    for steps in (2, 4):
        run(*command("helio-train", *tree, f"--steps={steps}", f"--out={work}/halves", ranks=2))
    check(newest_weights(work / "whole") == newest_weights(work / "halves"), "resumed bit-equal")
    generate = command("helio-generate", f"--checkpoint={work}/whole", "--n=2", f"--out={work}/noise.png")
    run(*generate)
    check((work / "noise-2.png").exists(), "pictures without a sentence")
    check("draws of noise alone" in run(*generate, "--text=a red bird", expect=1).err, "a sentence is refused")
    judge = ["helio-eval", f"--checkpoint={work}/whole", f"--data={work}/alone", "--classifier_trunk=small", "--images=20", f"--out={work}/report"]
    run(*command(*judge, f"--classifier={work}/classifier/best.safetensors"))
    scores = json.loads((work / "report/summary.json").read_text())["generated"]
    check("pictures of noise alone" in scores["inception_score"]["protocol"], f"scored: {scores['inception_score']}")
    log = run(*command(*judge, f"--damsm={work}/classifier/best.safetensors"), expect=1).err
    check("holds pictures without captions" in log, "a judge by captions alone is refused before anything is drawn")
    run(*command("helio-export", f"--checkpoint={work}/whole", f"--out={work}/export"))
    check((work / "export/netG.safetensors").exists() and "Captions" not in (work / "export/README.md").read_text(), "exported; its card speaks of no captions")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="helio_e2e_") as folder:
        globals()[f"scenario_{sys.argv[2]}"](pathlib.Path(folder))
