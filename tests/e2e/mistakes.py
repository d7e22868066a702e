#!/usr/bin/env python3
"""Ordinary mistakes and ordinary ends, with the programs themselves. Usage: mistakes.py BIN_DIR"""
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run, wait_for  # noqa: E402
from scenarios import checkpoints, free_ports, make_classifier, make_data, toy_flags  # noqa: E402

NUMBERS = {"max_bad_steps": "0", "g_rate": "-0.001", "d_rate": "nan", "steps": "-1", "epochs": "inf", "words": "0", "gf": "0", "embedding": "0", "z": "-3",
           "beta1": "1", "beta2": "1.5", "ema_decay": "2", "prefetch": "0", "workers": "0", "log_every": "0", "evaluate_images": "1000000000000"}


def numbers(bin_dir, work):
    train = [bin_dir / "helio-train", *toy_flags(work, 4), f"--out={work}/numbers"]
    done = run(*MPIRUN, "-n", "2", *train, *(f"--{name}={value}" for name, value in NUMBERS.items()), expect=None)
    missing = [name for name, value in NUMBERS.items() if f"--{name}={value}: " not in done.said]
    check(done.code == 1 and not missing and done.said.count("these flags need attention") == 1, f"every number out of range is named at once {missing}")
    done = run(*train, "--steps=0", "--epochs=0", expect=None)
    check(done.code == 1 and "nothing to train" in done.said, "no steps and no epochs is a mistake")
    done = run(*train, "--steps=0", "--epochs=1e-9", expect=None)
    check(done.code == 1 and "--epochs: is less than a step" in done.said, "less than a step is a mistake")
    check(not (work / "numbers").exists(), "and nothing was written")
    for program, flags, expected in (("helio-eval", ["--images=0"], "--images=0: "), ("helio-generate", ["--n=0"], "--n=0: "),
                                     ("helio-embed", ["--longest=0"], "--longest=0: "),
                                     ("helio-synth", ["--images=-1", "--side=1000000"], "--images=-1: "), ("helio-synth", ["--images=-1", "--side=0"], "--side=0: ")):
        done = run(bin_dir / program, *flags, expect=None)
        check(done.code == 1 and expected in done.said, f"{program} {' '.join(flags)}: {done.said.strip().splitlines()[-1][:120]}")


def rates(bin_dir, work):
    """A rate mistyped by some powers of ten: no checkpoint of what is left of the weights."""
    out = work / "rates"
    done = run(bin_dir / "helio-train", *toy_flags(work, 3), "--checkpoint_every=1", "--g_rate=2e38", f"--out={out}", expect=None)
    check(done.code == 1 and "weights that are not finite" in done.said and not checkpoints(out), f"a step that breaks the weights ends the run: {done.said.strip().splitlines()[-1][:160]}")


def folders(bin_dir, work):
    """A second job for the same folder leaves no trace there."""
    out = work / "held"
    one, two = free_ports(2)
    job = subprocess.Popen([str(bin_dir / "helio-train"), *toy_flags(work, 1000000), f"--out={out}", f"--metrics_port={one}"], cwd=ROOT,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        targets = out / "prometheus-targets.json"
        wait_for("the list of targets and the flags", lambda: targets.exists() and (out / "run.flags").exists(), 60, 0.1)
        before = {path.name: path.read_bytes() for path in (targets, out / ".lock", out / "run.flags")}
        done = run(bin_dir / "helio-train", *toy_flags(work, 1000000), "--gf=8", f"--out={out}", f"--metrics_port={two}", expect=None)
        check(done.code == 1 and "another job (" in done.said, "a second job is refused")
        check({name: (out / name).read_bytes() for name in before} == before, "what the first one wrote is as it was, the targets too")
    finally:
        job.send_signal(signal.SIGHUP)
        log = job.communicate(timeout=60)[1]
    check(job.returncode == 75 and checkpoints(out) and "stopped by a signal" in log, f"SIGHUP is a stop signal: a checkpoint, and 75 ({job.returncode})")
    check(json.loads(targets.read_text()) == [], "and no target any more")
    (work / "file").write_text("")
    done = run(bin_dir / "helio-train", *toy_flags(work, 2), f"--out={work}/file/x", f"--metrics_port={two}", expect=None)
    check(done.code == 1 and "file/x: cannot be created" in done.said, "--out below a file is a mistake, with --metrics_port too")
    out = work / "nohup"
    job = subprocess.Popen(["nohup", str(bin_dir / "helio-train"), *toy_flags(work, 30), "--checkpoint_every=1", f"--out={out}"], cwd=ROOT,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("a checkpoint", lambda: checkpoints(out), 60, 0.02)
    job.send_signal(signal.SIGHUP)
    check(job.wait(timeout=100) == 0, "under nohup SIGHUP does nothing")


def ranks(bin_dir, work):
    """Two ranks that were not told the same, by flags that decide which collectives there are."""
    train = [bin_dir / "helio-train", *toy_flags(work, 2), "--first_deadline_seconds=60", f"--out={work}/ranks"]
    judge = make_classifier(bin_dir, work, 1)
    for flag, said in (("--negatives=local", "configuration: rank 1 has "), ("--metrics_port=29551", "metrics_port: rank 1 has 29551, the others have 0"),
                       (f"--classifier={judge}", "--classifier: rank 1 has ")):
        done = run(*MPIRUN, "-n", "1", *train, ":", "-n", "1", *train, flag, expect=None)
        check(done.code == 1 and "do not run the same job" in done.said and said in done.said, f"{flag} on one rank of two is named: {done.code}")


def scores(bin_dir, work):
    """Which scores there will be is known before the first step."""
    out = work / "scores"
    train = [bin_dir / "helio-train", *toy_flags(work, 1), "--evaluate_every=1", f"--out={out}"]
    done = run(*train, "--keep_best=r_precision_top1", expect=None)
    check(done.code == 1 and "nothing judges here" in done.said and not out.exists(), "--keep_best without a judge is refused at the start")
    judge = [f"--classifier={make_classifier(bin_dir, work, steps=2)}", "--evaluate_fid", "--evaluate_kid", "--evaluate_prdc"]
    done = run(*train, *judge, "--keep_best=inception_scor", expect=None)
    check(done.code == 1 and not out.exists(), "and so is a score that there is not")
    known = done.said.split("the scores are", 1)[-1].split("\n")[0].strip(" )").split()
    run(*train, *judge, "--evaluate_images=20")
    given = [json.loads(line)["scores"] for line in (out / "metrics.jsonl").read_text().splitlines() if "scores" in json.loads(line)]
    check(sorted(given[-1]) == sorted(known), f"the scores that were named are those that come: {known}")
    done = run(*train, *judge[:1], "--evaluate_images=5", "--resume=none")
    check("there are no scores" in done.said and "at least 10" in done.said, "too few pictures for a score cost a warning, not the training")


def without_use(bin_dir, work):
    """Weights of a role that the system does not take, and that no judge has; statistics of an average that there is not."""
    done = run(bin_dir / "helio-train", *toy_flags(work, 1), f"--stage1={make_classifier(bin_dir, work, steps=2)}", "--ema_batch_norm=reestimated",
               "--ema_decay=0", "--dry_run", f"--out={work}/dry")
    check(re.search(r"mirrorgan does not read.* --stage1", done.said), "weights that are of no use are named")
    check("--ema_batch_norm=reestimated does nothing" in done.said, "and so is what is to be done to no average")


def dry_runs(bin_dir, work):
    """What the first step would refuse, or the first batch, --dry_run refuses, too."""
    small = ["--threads=1", "--batch=8", "--dry_run", f"--out={work}/dry"]
    both = f"--data=data:{work}/data,data_b:{work}/data"
    done = run(bin_dir / "helio-train", "--recipe=cyclegan", "--side=16", "--d_layers=2", "--gf=4", "--df=4", "--residual_blocks=1", "--n_epochs=1",
               "--n_epochs_decay=0", "--epochs=3", both, *small, expect=None)
    check(done.code == 1 and "the learning rates are 0 after 1 epochs" in done.said, "a run that is longer than its schedule")
    done = run(bin_dir / "helio-pretrain", "--recipe=char_cnn_rnn", "--image_trunk=small", "--base_side=16", "--stages=2", "--random_frozen", "--char_conv1=4",
               "--char_conv2=4", "--char_width=4", "--steps=2", f"--data={work}/data", *small, "--batch=80", expect=None)
    check(done.code == 1 and "takes rows of different classes" in done.said, "a batch of more rows than there are classes")
    done = run(bin_dir / "helio-train", *toy_flags(work, 2), *small, "--batch=5000", expect=None)
    check(done.code == 1 and "fewer than a batch of 5000" in done.said, "a batch of more rows than there are")
    check(not (work / "dry").exists(), "and nothing was written")


def judged_rows(bin_dir, work):
    """--evaluate_images is what a pretraining is judged by, not the next hundred."""
    out = work / "judged_rows"
    run(bin_dir / "helio-pretrain", f"--flagfile={ROOT}/configs/toy/classifier.flags", "--stages=2", "--batch=8", "--threads=1", f"--data={work}/data",
        "--steps=1", "--evaluate_images=30", f"--out={out}")
    check('"N=30 in batches of 30"' in (out / "metrics.jsonl").read_text(), "30 rows are judged, and the protocol says so")


def one_class(bin_dir, work):
    """All rows of class 0: as if there were no classes."""
    pictures = sorted((work / "drawn").rglob("*.jpg"))[:40]
    folder = work / "one"
    folder.mkdir()
    lines = []
    for i, path in enumerate(pictures):
        (folder / f"{i}.jpg").write_bytes(path.read_bytes())
        lines.append({"image": f"{i}.jpg", "captions": [f"a bird of number {chr(97 + i % 26)}{chr(97 + i // 26)} red"], "class": 0, "split": "train" if i < 30 else "test"})
    (folder / "captions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(bin_dir / "helio-pack", "--source=folder", f"--root={folder}", f"--out={work}/onepacked", "--side=76")
    flags = ["--flagfile=configs/toy/damsm.flags", "--stages=2", "--embedding=16", "--word_vector=16", "--batch=8", "--log_every=1", "--threads=1",
             "--evaluate_images=10", f"--data={work}/onepacked", "--steps=2"]
    done = run(bin_dir / "helio-pretrain", *flags, f"--out={work}/damsm", expect=None)
    check(done.code == 0 and "are of one class" in done.said and "damsm 0.000" not in done.said, "DAMSM learns on a set of a single class, and says that it is one")
    done = run(bin_dir / "helio-pretrain", "--flagfile=configs/toy/classifier.flags", "--stages=2", "--batch=8", f"--data={work}/onepacked", "--steps=2",
               f"--out={work}/classifier", expect=None)
    check(done.code == 1 and "no classes" in done.said, "a classifier has nothing to learn there")
    train = [f for f in toy_flags(work, 2) if not f.startswith("--data=")]
    done = run(bin_dir / "helio-train", *train, f"--data={work}/onepacked", f"--damsm={work}/damsm/best.safetensors", "--evaluate_every=2",
               "--evaluate_images=120", f"--out={work}/onegan", expect=None)
    check(done.code == 0 and "r_precision_top1" in done.said, "R-precision tells its rows apart")


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="helio_mistakes_") as folder:
        work = pathlib.Path(folder)
        make_data(bin_dir, work)
        for part in (numbers, rates, folders, ranks, scores, without_use, dry_runs, judged_rows, one_class):
            part(bin_dir, work)


if __name__ == "__main__":
    main()
