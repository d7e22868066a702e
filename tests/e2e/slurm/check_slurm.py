#!/usr/bin/env python3
"""launch/slurm on the real slurmctld and slurmd: time limit, checkpoint, requeue, resume, done. Usage: check_slurm.py BIN_DIR"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, need, wait_for  # noqa: E402
from scenarios import checkpoints, free_ports, losses, make_data, toy_flags  # noqa: E402
from cluster import Slurm  # noqa: E402

BIN = pathlib.Path(sys.argv[1])
LAUNCH = ROOT / "launch/slurm"
TWO_NODES = ["--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1"]
OVER = ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL")


def submit(slurm, work, name, script, options, flags, **environment):
    output = work / f"{name}.out"
    number = slurm.submit([*options, f"--output={output}", "--exclusive"], LAUNCH / script, flags,
                          HELIO_RUN=str(work / name), HELIO_BIN=str(BIN), HELIO_CPU_BIND="none", **environment)
    return number, output


def wait_until_over(slurm, number, seconds):
    def state():
        fields = slurm.job(number)
        return fields if fields.get("JobState") in OVER else None
    return wait_for(f"the end of job {number}", state, seconds)


def all_scripts_are_accepted(slurm, work):
    (work / "lines.txt").write_text("# name flags\none --caption_lambda=20\n\ntwo --caption_lambda=0\n")
    for script in sorted(LAUNCH.glob("*.sbatch")):
        text = script.read_text()
        check("--requeue" in text and "--open-mode=append" in text and "--signal=" in text and "helio_finish $" in text,
              f"{script.name}: requeue, append, signal")
        check("srun" not in text or "mpirun --bind-to" in text or "--kill-on-bad-exit=1" in text, f"{script.name}: a dead rank ends the job")
        check("\nsrun" not in text or "--distribution=" in text, f"{script.name}: ranks lie as the GPUs do")
        slurm.submit(["--test-only", "--array=1" if "ablations" in script.name else "--nodes=1", "--cpus-per-task=1", "--time=5"], script, [])
        print("ok:", script.name, "is accepted by sbatch", flush=True)


def limit_checkpoint_requeue_resume(slurm, work, name, script, warning):
    """--steps comes from a file that changes once the job was requeued: however fast the machine, a limit is met."""
    steps = work / f"{name}.flags"
    steps.write_text("--steps=1000000\n")
    flags = [*toy_flags(work, 0), f"--flagfile={steps}", "--checkpoint_every=0"]
    number, output = submit(slurm, work, name, script, [*TWO_NODES, "--time=1", warning], flags)
    # On a very busy machine the first attempts may be told to stop before they have begun.
    wait_for(f"{name}: requeue at the time limit", lambda: checkpoints(work / name) and "code 75: requeued" in output.read_text(), 300)
    reached = checkpoints(work / name)[-1]
    steps.write_text(f"--steps={reached + 10}\n")
    # One limit is enough; on a very busy machine a minute may be too short to start.
    slurm.call("scontrol", "update", f"JobId={number}", "TimeLimit=10")
    check(reached > 0, f"{name}: checkpoint of step {reached} before the limit")
    job = wait_until_over(slurm, number, 240)
    text = output.read_text()
    check(job["JobState"] == "COMPLETED" and int(job["Restarts"]) >= 1, f"{name}: {job['JobState']}, restarts {job['Restarts']}")
    check("ended with code 0" in text, f"{name}: 75, requeue, 0")
    record = sorted(losses(work / name))
    check(checkpoints(work / name)[-1] == reached + 10 and set(range(5, reached + 10, 5)) <= set(record), f"{name}: resumed from {reached}, done at {reached + 10}")


def killed_rank_is_requeued(slurm, work):
    """Its ranks share a node, as far as Slurm and we know: virtual nodes would serve metrics at the same port of the same machine."""
    targets = work / "targets"
    targets.mkdir()
    flags = [*toy_flags(work, 1000000), f"--metrics_port={free_ports(1)[0]}", "--checkpoint_every=10", "--resume=none"]  # begins anew, once
    number, output = submit(slurm, work, "killed", "train.sbatch", ["--nodes=1", "--ntasks-per-node=2", "--cpus-per-task=2", "--time=5"], flags,
                            HELIO_TARGETS=str(targets))
    link = wait_for("the target list", lambda: [f for f in targets.glob("*.killed.json") if f.exists()], 60)
    check(link[0].read_text().count("targets") == 2, f"target list of both ranks linked as {link[0].name}")
    wait_for("a checkpoint", lambda: checkpoints(work / "killed"), 60)
    ranks = subprocess.run(["pgrep", "-f", f"helio-train --out={work}/killed"], capture_output=True, text=True).stdout.split()
    # srun binds a rank to one core without it, from Slurm 22.05 on (seen with task/affinity; these nodes bind nothing).
    environment = pathlib.Path(f"/proc/{ranks[-1]}/environ").read_bytes().split(b"\0")
    check(b"SRUN_CPUS_PER_TASK=2" in environment, "srun knows of each rank's two processors")
    check(b"SLURM_DISTRIBUTION=block:block" in environment, "neighbouring ranks share a socket")
    os.kill(int(ranks[-1]), signal.SIGKILL)
    wait_for("requeue after kill -9 of a rank", lambda: "requeued" in output.read_text(), 60)
    check(not list(targets.glob("*.killed.json")), "target list unlinked")
    wait_for("the next attempt's step", lambda: slurm.job(number)["JobState"] == "RUNNING"
             and "resumed" in output.read_text(), 120)
    slurm.call("scancel", number)
    wait_for("a cancelled job", lambda: slurm.job(number)["JobState"] == "CANCELLED", 60)
    check(slurm.job(number)["Restarts"] == "1", "scancel cancels: no requeue")


def mistakes_are_not_requeued(slurm, work):
    flags = [*toy_flags(work, 20)]
    number, output = submit(slurm, work, "mistake", "train.sbatch", [*TWO_NODES, "--time=5"], [*flags, "--stages=9"])
    job = wait_until_over(slurm, number, 120)
    check((job["JobState"], job["Restarts"]) == ("FAILED", "0") and "--stages" in output.read_text(), "a mistake in flags fails, without requeue")


def array_runs_every_line(slurm, work):
    nowhere = subprocess.run(["bash", LAUNCH / "ablations.sbatch"], capture_output=True, text=True, cwd=ROOT,
                             env=dict(os.environ, HELIO_LINES=str(work / "lines.txt"), SLURM_ARRAY_TASK_ID="1", SLURM_SUBMIT_DIR=str(ROOT)))
    check(nowhere.returncode and "HELIO_RUN" in nowhere.stderr and not pathlib.Path("/one").exists(), "an array without HELIO_RUN is refused")
    number, _ = submit(slurm, work, "ablations", "ablations.sbatch", ["--array=1-2", "--nodes=1", "--cpus-per-task=1", "--time=5"], toy_flags(work, 2),
                       HELIO_LINES=str(work / "lines.txt"))
    wait_for("the end of both runs of the array", lambda: not slurm.call("squeue", "--noheader", "-j", number).strip(), 240)
    check(all(checkpoints(work / "ablations" / n) == [2] for n in ("one", "two")), "both runs of the array are done")
    weights = [(work / "ablations" / n / "run.flags").read_text() for n in ("one", "two")]
    check("--caption_lambda=20" in weights[0] and "--caption_lambda=0" in weights[1], "the array's runs have their own flags")


def pipeline_is_a_chain_of_jobs(slurm, work):
    (work / "train.flags").write_text("\n".join(flag for flag in toy_flags(work, 4) if not flag.startswith("--data")) + "\n")
    file = work / "chain.pipeline"
    file.write_text(f"[pipeline]\nout = {work}/chain\nranks = 2\nbin = {BIN}\n[pack]\n--root={work}/drawn\n--side=76\n"
                    f"[train]\n--flagfile={work}/train.flags\n--data={{pack}}\n[report]\n{{train}}\n")
    done = subprocess.run([ROOT / "launch/pipeline", file, "--slurm", "--time=5", "--cpus-per-task=1", f"--output={work}/chain-%x.out"], capture_output=True,
                          text=True, cwd=work, env=slurm.environment)  # from anywhere
    jobs = dict(line.split(": job ") for line in done.stdout.splitlines() if ": job " in line)
    check(done.returncode == 0 and list(jobs) == ["pack", "train", "report"], f"a job for each stage {done.stdout}{done.stderr}")
    check("after" in jobs["train"] and "after" in jobs["report"], "each waits for what it needs")
    state = wait_until_over(slurm, jobs["report"].split()[0], 300)
    check(state["JobState"] == "COMPLETED" and (work / "chain/report/index.html").exists(), f"the chain ends with a report ({state['JobState']})")
    again = subprocess.run([ROOT / "launch/pipeline", file, "--slurm"], capture_output=True, text=True, cwd=ROOT, env=slurm.environment)
    check(again.stdout.count("done already") == 3, "a second chain has nothing to do")


def main():
    need("slurmctld", "slurmd", "sbatch", "munged")
    if os.geteuid() != 0:
        print("skipped: slurmd needs root")
        return 77
    with tempfile.TemporaryDirectory(prefix="helio_slurm_") as folder:
        work = pathlib.Path(folder)
        work.chmod(0o755)
        make_data(BIN, work)
        with Slurm(work / "slurm") as slurm:
            try:
                scenarios(slurm, work)
            except SystemExit:
                print(slurm.call("squeue"), slurm.logs(), *(f"--- {f.name}\n{f.read_text()[-3000:]}" for f in work.glob("*.out")), sep="\n")
                raise
    return 0


def scenarios(slurm, work):
    all_scripts_are_accepted(slurm, work)
    limit_checkpoint_requeue_resume(slurm, work, "srun", "train.sbatch", "--signal=USR1@25")
    limit_checkpoint_requeue_resume(slurm, work, "mpirun", "train-mpirun.sbatch", "--signal=B:USR1@25")
    killed_rank_is_requeued(slurm, work)
    mistakes_are_not_requeued(slurm, work)
    array_runs_every_line(slurm, work)
    pipeline_is_a_chain_of_jobs(slurm, work)


if __name__ == "__main__":
    sys.exit(main())
