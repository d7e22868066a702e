#!/usr/bin/env python3
"""launch/pipeline on tiny birds: killed twice on the way, it goes on to the report; what is done is not done again, what changed is; mistakes are named.
Usage: pipeline.py BIN_DIR"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run, wait_for  # noqa: E402
from scenarios import checkpoints, losses  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()
TINY = """# birds to a report
[pipeline]
out = {work}/run
ranks = 2
bin = {bin}
steps = 12

[synth]
--families=3
--test_classes=20
--test_images=6
--images=280

[pack]
--root={{synth}}

[classifier]
usually = a moment
--flagfile=configs/toy/classifier.flags
--data={{pack}}
--steps=4

[train]
--flagfile={train}
--data={{pack}}
--steps={{steps}}

[evaluate]
--checkpoint={{train}}
--data={{pack}}
--classifier={{classifier}}
--images=60
--out={{train}}/evaluation

[report]
{{train}}
{{classifier/}}
"""
TRAIN = ["--flagfile=configs/toy/mirrorgan.flags", "--random_frozen", "--stages=2", "--gf=4", "--df=4", "--batch=8", "--threads=1", "--caption_embedding=16",
         "--caption_hidden=16", "--embedding=16", "--word_vector=16", "--ema_batch_norm=live", "--log_every=1", "--checkpoint_every=1", "--sample_every=6"]


def tiny(work):
    (work / "more.flags").write_text("--kl_weight=1\n")
    (work / "train.flags").write_text("\n".join([*TRAIN, f"--flagfile={work}/more.flags"]) + "\n")
    file = work / "tiny.pipeline"
    file.write_text(TINY.format(work=work, bin=BIN, train=work / "train.flags"))
    return file


def pipeline(file, *arguments, expect=0):
    return run(ROOT / "launch/pipeline", file, *arguments, expect=expect)


def interrupt(file, run_folder, number, step):
    """Starts the pipeline, and sends `number` to it (or kills all of its processes) once its training has a checkpoint of `step`."""
    job = subprocess.Popen([str(ROOT / "launch/pipeline"), str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    wait_for(f"a checkpoint of step {step}", lambda: max(checkpoints(run_folder / "train"), default=0) >= step or job.poll() is not None, 300, 0.02)
    check(job.poll() is None, f"it is running at step {step}")
    os.kill(job.pid, number)
    if number == signal.SIGKILL:
        subprocess.run(["pkill", "-9", "-f", f"out={run_folder}"])
    output = job.communicate(timeout=200)[0]
    return job.returncode, output


def check_interruptions(work, file):
    whole = work / "whole"
    first = pipeline(file, f"out={whole}")
    check("this system looks at a window of 32 of it" in first.out, "a system that sees the middle of the pictures only says so")
    code, output = interrupt(file, work / "run", signal.SIGTERM, 3)
    check(code == 75 and "the same command goes on" in output, f"asked to stop: code {code}, a checkpoint, one line that says how to go on")
    code, _ = interrupt(file, work / "run", signal.SIGKILL, 6)
    check(code == -signal.SIGKILL and max(checkpoints(work / "run/train")) < 12, "killed with everything that it had started")
    done = pipeline(file)
    check(done.out.count("done already") == 3 and "resumed at step" in done.out, "synth, pack and classifier are not done again; the training goes on")
    check(losses(work / "run/train") == losses(whole / "train"), "the losses are those of a run that nobody killed")
    check((work / "run/report/index.html").exists() and "inception_score" in (work / "run/report/report.md").read_text(), "it ends with a report")


def check_changes(work, file):
    check(pipeline(file).out.count("done already") == 6, "a second time everything is done already")
    done = pipeline(file, "steps=14")
    check(done.out.count("done already") == 3 and max(checkpoints(work / "run/train")) == 14, "a changed setting runs its stage and what rests on it")
    check("done already" not in pipeline(file, "steps=14", "--print").out, "--print shows commands")
    (work / "more.flags").write_text("--kl_weight=2\n")
    changed = pipeline(file, "steps=14", expect=1)
    check("--kl_weight: 1 -> 2" in changed.out, "a flagfile that a flagfile names has changed: the training is not taken for done, and says what differs")
    (work / "more.flags").write_text("--kl_weight=1\n")
    pipeline(file, "steps=14")
    (work / "run/report/index.html").unlink()
    check(pipeline(file, "steps=14").out.count("done already") == 5, "a product that is gone is made again")


def check_mistakes(work, file):
    text = file.read_text()
    for change, said in ((("[train]", "[train]\nsteps"), "'steps' is no flag"), (("{synth}", "{nest}"), "{nest} is no setting and no earlier stage"),
                         (("[pack]", "[synth]"), "a second stage [synth]"),
                         (("[evaluate]", "[evalute]"), ".pipeline:28: [evalute] is no kind of stage (there are captioner, "), (("ranks = 2", "ranks = two"), "ranks = two: a number"),
                         (("--images=280", "--images=x280"), "stage synth ended with code 1"), ((f"bin = {BIN}", "bin = /nowhere"), "/nowhere/helio-synth: not there")):
        file.write_text(text.replace(*change, 1))
        check(said in pipeline(file, f"out={work}/other", expect=1).err, f"named: {said}")
    file.write_text(text)
    check("has no setting 'rank'" in pipeline(file, "rank=2", expect=1).err, "an unknown setting is named")
    check("cannot be read" in pipeline(work / "none.pipeline", expect=1).err, "a file that is not there is named")


def check_codes(work):
    """Programs that do nothing but end with a code of 2: what rests on them is not begun. And nobody reads what is said."""
    (work / "ending").mkdir()
    for name in ("synth", "pack"):
        program = work / f"ending/helio-{name}"
        program.write_text("#!/bin/sh\nexit 2\n")
        program.chmod(0o755)
    file = work / "ending.pipeline"
    file.write_text(f"[pipeline]\nout = {work}/ended\nbin = {work}/ending\n[synth]\n[pack]\n--root={{synth}}\n")
    pipeline(file, expect=2)
    check("needs synth, which failed" in pipeline(file, "--only=pack", expect=1).err, "a stage whose need ended with 2 is not begun")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([str(ROOT / "launch/pipeline"), str(file), "--print"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    check((done.returncode, done.stderr) == (0, ""), f"--print ends quietly where nobody reads {done.stderr}")


def check_full_disk(work):
    """A stage that says more than a pipe holds, while its log, our output and at last its mark have no room."""
    (work / "flooding").mkdir()
    program = work / "flooding/helio-synth"
    program.write_text("#!/bin/sh\nmkdir -p ${1#--out=}\ntouch ${1#--out=}/attributes.json\nhead -c 200000 /dev/zero | tr '\\0' x | fold -w 500\n")
    program.chmod(0o755)
    file = work / "flooding.pipeline"
    file.write_text(f"[pipeline]\nout = {work}/full\nbin = {work}/flooding\n[synth]\n")
    for folder in ("logs", ".pipeline"):
        (work / "full" / folder).mkdir(parents=True)
    (work / "full/logs/synth.log").symlink_to("/dev/full")
    said = run(ROOT / "launch/pipeline", file, timeout=60).err
    check("synth.log: cannot be written: No space left on device" in said, "a full disk under a stage's log is told once and ends nothing")
    (work / "full/.pipeline/synth.json").unlink()
    with open("/dev/full", "wb") as full:
        check(subprocess.run([str(ROOT / "launch/pipeline"), str(file)], stdout=full, stderr=full, timeout=60).returncode == 0, "nor does one under our output")
    (work / "full/.pipeline/synth.json").unlink()
    (work / "full/.pipeline/synth.tmp").symlink_to("/dev/full")
    done = run(ROOT / "launch/pipeline", file, expect=75, timeout=60)
    check("No space left on device (the same command goes on)" in done.err and "Traceback" not in done.err, "a stage that cannot be marked: 75, for it may pass")


def check_files_of_the_house(work):
    for file in sorted((ROOT / "configs/pipelines").glob("*.pipeline")):
        shown = pipeline(file, f"bin={BIN}", f"out={work}/x", "--print").out
        for program in [line for line in shown.splitlines() if "helio-train" in line or "helio-pretrain" in line]:
            flags = [word for word in program.split() if word.startswith("--flagfile=")]
            check(flags and all((ROOT / flag.partition("=")[2]).exists() for flag in flags), f"{file.name}: {flags[0]} exists")
        judges = [line for line in shown.splitlines() if "helio-eval" in line]
        check("classifier" not in file.read_text() or all("--classifier=" in line for line in judges), f"{file.name}: a classifier that is named judges")


def main():
    with tempfile.TemporaryDirectory(prefix="helio_pipeline_") as folder:
        work = pathlib.Path(folder)
        file = tiny(work)
        check_codes(work)
        check_full_disk(work)
        check_interruptions(work, file)
        check_changes(work, file)
        check_mistakes(work, file)
        check_files_of_the_house(work)
        times = {f.stem: json.loads(f.read_text())["seconds"] for f in (work / "run/.pipeline").glob("*.json")}
        print("seconds:", times)


if __name__ == "__main__":
    main()
