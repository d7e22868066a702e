#!/usr/bin/env python3
"""kill -9 at random instants of a training, some of them inside a checkpoint, resumed by launch/mpirun/run: the final weights and the
whole loss record must be bit-equal to those of an undisturbed run. Usage: resume_kills.py BIN_DIR [--kills N] [--seed S] [--kind NAME]
With HELIO_LONG_TESTS in the environment and no kind given every kind (ways to train, every pretraining, every system) gets its kills."""
import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run  # noqa: E402
from scenarios import losses, make_classifier, make_data, tensors, toy_flags  # noqa: E402


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin_dir", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1000000)
    parser.add_argument("--kind", choices=KINDS, default="plain")
    return parser.parse_args()


# Ranks, program, and what is given beside the usual flags. A pretraining whose trunk is trained is evaluated between kills: an
# evaluation must leave no trace.
EVALUATED = ["--nofreeze_trunk", "--evaluate_every=3", "--evaluate_images=100"]
# The papers' other systems: what they have beside weights is resumed, too (an image pool, who trains, an average that became the generator).
FAMILY = {"stackgan1": [], "stackgan2": [], "stackgan_pp": ["--fidelity=released", "--snapshot_interval=3"], "gan_int_cls": ["--interpolation=random"],
          "gawwn_box": [], "gawwn_keypoint": [], "gawwn_keypoint_generator": ["--ema_decay=0"],
          "ppgn": ["--generator_hidden=16", "--generator_channels=6,5,4,4", "--generator_convolutions=1", "--picture_critic=small", "--loss_units=spread",
                   "--code_units=seen"],
          "cyclegan": ["--data=data:{work}/data,data_b:{work}/data", "--side=16", "--d_layers=2", "--pool_size=12"]}
KINDS = {"plain": (2, "helio-train", []),
         "sharded": (2, "helio-train", ["--shard_optimizer"]),
         "accumulated": (2, "helio-train", ["--batch=8", "--accumulate=2"]),
         "ranks4": (4, "helio-train", []),
         "evaluated": (2, "helio-train", ["--evaluate_every=3", "--evaluate_images=40", "--sample_every=5"]),
         "all": (4, "helio-train", ["--shard_optimizer", "--batch=16", "--accumulate=2"]),
         **{recipe: (2, "helio-pretrain", EVALUATED) for recipe in ("damsm", "captioner", "classifier")},
         # Its trunk is a trained classifier's, or frozen at random.
         "char_cnn_rnn": (2, "helio-pretrain", ["--random_frozen", *EVALUATED[1:]]),
         **{recipe: (2, "helio-train", [f"--recipe={recipe}", "--sentence=damsm", "--z=8", "--condition=8", *own]) for recipe, own in FAMILY.items()}}


def flags(work, out, steps, kind):
    # Later flags win: a log line and a checkpoint often, so that kills meet them.
    _, program, own = KINDS[kind]
    usual = toy_flags(work, steps)
    if program == "helio-pretrain":
        usual = [f"--flagfile={ROOT}/configs/toy/{kind}.flags", *(f for f in usual[1:] if not f.startswith(("--gf", "--df", "--random", "--ema")))]
    if kind == "evaluated":
        own = [*own, f"--classifier={work}/classifier/best.safetensors"]
    return [*usual, *(flag.format(work=work) for flag in own), "--log_every=1", "--checkpoint_every=2", f"--out={work / out}"]


def ranks(out):
    """Process ids of the ranks that train into `out`."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith((b"helio-train", b"helio-pretrain")) and f"--out={out}".encode() in words:
                found.append(int(folder.name))
        except OSError:
            pass
    return sorted(found)


def steps_of(out):
    return [int(path.name[5:]) for path in (out / "checkpoints").glob("step-*") if path.name[5:].isdigit()]


class Killer:
    """Waits for the next attempt to train, then picks an instant: any, or one while a checkpoint is being written."""

    def __init__(self, out, draw, step_seconds):
        self.out, self.draw, self.step_seconds = out, draw, step_seconds
        self.kills, self.inside, self.before_first = 0, 0, 0

    def saving(self):
        return any((self.out / "checkpoints").glob(".step-*.tmp-*"))

    def wait_for_instant(self, job):
        """True when the instant is there, False when the job ended before."""
        kind = self.draw.choice(["start", "any", "any", "save", "save"])
        # Every attempt but those of "start" gets at least one checkpoint further, so that the launcher sees progress.
        goal = max(steps_of(self.out), default=0) + (0 if kind == "start" else 2)
        # In steps of this machine: an instant in seconds would come after the end of the job on a fast one.
        pause, seen = self.draw.uniform(0, 3 * self.step_seconds), None
        while job.poll() is None:
            now, newest = time.monotonic(), max(steps_of(self.out), default=0)
            if ranks(self.out) and newest >= goal:
                seen = seen or now
                if now - seen >= pause and (kind != "save" or self.saving()) or newest >= goal + 4:
                    return True
            time.sleep(0.0005 if kind == "save" and seen else 0.003)
        return False

    def kill(self, job):
        if not self.wait_for_instant(job):
            return False
        # One rank (mpirun ends the other) or all at once.
        victims = ranks(self.out)
        victims = victims if self.draw.random() < 0.5 else self.draw.sample(victims, 1)[:1] if victims else []
        inside = self.saving()
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return True
        self.kills += bool(victims)
        self.inside += inside and bool(victims)
        while job.poll() is None and set(ranks(self.out)) & set(victims):
            time.sleep(0.02)
        return True


def seconds_per_step(out):
    times = sorted(path.stat().st_mtime_ns * 1e-9 for path in (out / "checkpoints").glob("step-*"))
    return (times[-1] - times[0]) / (2 * (len(times) - 1))


def main():
    arguments = parse()
    for kind in KINDS if os.environ.get("HELIO_LONG_TESTS") and arguments.kind == "plain" else [arguments.kind]:
        kill_and_resume(arguments, kind)


def kill_and_resume(arguments, kind):
    print(f"{kind}: seed {arguments.seed}, {arguments.kills} kills", flush=True)
    number, program, _ = KINDS[kind]
    # Long enough that the job does not end before the last kill: an attempt gets 0 to 8 steps further.
    steps = 10 + 10 * arguments.kills
    with tempfile.TemporaryDirectory(prefix="helio_kills_") as folder:
        work = pathlib.Path(folder)
        make_data(arguments.bin_dir, work)
        if kind == "evaluated":
            make_classifier(arguments.bin_dir, work, steps=2)
        train = [*MPIRUN[1:], "-n", str(number), str(arguments.bin_dir / program)]
        run(MPIRUN[0], *train, *flags(work, "whole", steps, kind))
        killer = Killer(work / "killed", random.Random(arguments.seed), seconds_per_step(work / "whole"))
        train_and_kill(killer, arguments.kills, [*train, *flags(work, "killed", steps, kind)], work / "log")
        check_equal(work / "whole", work / "killed", steps)


def train_and_kill(killer, kills, command, log):
    """Starts the job by the launcher and kills its ranks so often; it must end well."""
    began = time.time()
    with log.open("w") as output:
        job = subprocess.Popen([str(ROOT / "launch/mpirun/run"), "--backoff=0.1", "--backoff_max=0.5", "--restarts=20", "--", *command],
                               stdout=output, stderr=output, cwd=ROOT)
        while killer.kills < kills and killer.kill(job):
            pass
        code = job.wait(timeout=600)
    text = log.read_text()
    if code != 0:
        sys.exit(f"the launcher ended with {code}\n{text[-6000:]}")
    print(f"{killer.kills} kills, {killer.inside} of them while a checkpoint was written; {text.count('attempt ')} attempts in {time.time() - began:.0f} s", flush=True)
    check(killer.kills == kills, "the job lived through all of them")


def check_equal(undisturbed, disturbed, steps):
    whole, killed = losses(undisturbed), losses(disturbed)
    check(sorted(whole) == list(range(1, steps + 1)) and whole == killed, f"the losses of all {steps} steps are bit-equal to the undisturbed run's")
    a, b = tensors(undisturbed, steps), tensors(disturbed, steps)
    check({"model.safetensors", "optimizer.safetensors"} <= set(a) and a == b, f"final weights, moments and averages are bit-equal ({', '.join(a)})")
    left = [path.name for path in (disturbed / "checkpoints").iterdir() if path.name.startswith(".")]
    check(not left and len(steps_of(disturbed)) == 3, "the folder has the three newest checkpoints and no leftovers")


if __name__ == "__main__":
    main()
