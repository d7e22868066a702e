#!/usr/bin/env python3
"""What else may interrupt a job, with the programs themselves: two signals at once, kill -9 of a pretraining, weights that blow up.
Usage: resume_events.py BIN_DIR"""
import pathlib
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run, wait_for  # noqa: E402
from scenarios import checkpoints, kill_at, losses, make_data, tensors, toy_flags  # noqa: E402


def command(bin_dir, program, flags, out, ranks):
    launcher = [*MPIRUN, "-n", str(ranks)] if ranks > 1 else []
    return [*launcher, str(bin_dir / program), *flags, f"--out={out}"]


def start(*arguments):
    return subprocess.Popen(command(*arguments), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)


def check_equal(whole, resumed, steps, what):
    check(losses(whole) == losses(resumed) and sorted(losses(whole)) == list(range(1, steps + 1)), f"{what}: the loss record is that of an undisturbed run")
    check(tensors(whole, steps) == tensors(resumed, steps) != {}, f"{what}: final weights and moments are bit-equal")


def two_signals(bin_dir, work):
    steps = 24
    flags = toy_flags(work, steps) + ["--log_every=1", "--checkpoint_every=1", "--keep_last=1000"]
    run(*command(bin_dir, "helio-train", flags, work / "whole", 1))
    out = work / "twice"
    for goal in (3, 8, 13):  # the writer is at work nearly all the time
        job = start(bin_dir, "helio-train", flags, out, 1)
        wait_for(f"step {goal}", lambda: max(checkpoints(out), default=0) >= goal, 120, 0.005)
        # Both are there before either is handled.
        for number in (signal.SIGSTOP, signal.SIGUSR1, signal.SIGTERM, signal.SIGCONT):
            job.send_signal(number)
        log = job.communicate(timeout=60)[1]
        check(job.returncode == 75 and "stopped by a signal" in log, f"two signals at once are one wish: a checkpoint, and 75 ({job.returncode})")
    log = start(bin_dir, "helio-train", flags, out, 1).communicate(timeout=200)[1]
    check("passed over" not in log, "every checkpoint on the disk is whole")
    check_equal(work / "whole", out, steps, "after three such pairs")


def pretraining(bin_dir, work):
    steps = 24
    flags = ["--flagfile=configs/toy/damsm.flags", "--stages=2", "--embedding=16", "--word_vector=16", "--batch=8", "--log_every=1", "--threads=1",
             "--checkpoint_every=2", "--evaluate_every=6", "--evaluate_images=100", f"--data={work}/data", f"--steps={steps}"]
    run(*command(bin_dir, "helio-pretrain", flags, work / "damsm_whole", 2))
    out = work / "damsm"
    for goal in (4, 14):
        kill_at(goal, out, command(bin_dir, "helio-pretrain", flags, out, 2))
    run(*command(bin_dir, "helio-pretrain", flags, out, 2))
    check_equal(work / "damsm_whole", out, steps, "a pretraining killed twice")
    check((work / "damsm_whole/best.safetensors").read_bytes() == (out / "best.safetensors").read_bytes(), "best.safetensors is the same file")


def divergence(bin_dir, work):
    out, flags = work / "diverged", toy_flags(work, 12) + ["--log_every=1", "--checkpoint_every=4", "--max_bad_steps=3"]
    run(*command(bin_dir, "helio-train", flags + ["--steps=4"], out, 2))
    before = tensors(out, 4)
    job = start(bin_dir, "helio-train", flags + ["--g_rate=1e30", "--resume_override=g_rate"], out, 2)
    log = job.communicate(timeout=200)[1]
    check(job.returncode == 1, f"weights that blow up end the job with code 1 ({job.returncode})")
    check(log.count("going back to the last checkpoint with other noise") == 2, "after one rollback that did not help")
    check(log.count("also after a rollback (lower the learning rates)") == 1, "which is told once, with what to do")
    check(checkpoints(out) == [4] and tensors(out, 4) == before, "the checkpoint of before is untouched")
    run(*command(bin_dir, "helio-train", flags, out, 2))
    check(max(checkpoints(out)) == 12, "with the old rate the job goes on from it")


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="helio_events_") as folder:
        work = pathlib.Path(folder)
        make_data(bin_dir, work)
        for part in (two_signals, pretraining, divergence):
            part(bin_dir, work)


if __name__ == "__main__":
    main()
