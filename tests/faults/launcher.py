#!/usr/bin/env python3
"""launch/mpirun/run with programs that fail in chosen ways. Usage: launcher.py"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAUNCHER = ROOT / "launch/mpirun/run"
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, wait_for  # noqa: E402  (also lets mpirun run as root)

# A program that notes each start of its rank 0 and then does what the line of its script for this attempt says.
PROGRAM = r'''
import os, pathlib, signal, sys, time
out = pathlib.Path([a for a in sys.argv if a.startswith("--out=")][0][6:])
rank = int(os.environ.get("OMPI_COMM_WORLD_RANK", 0))
script = sys.argv[1].split(";")
starts = out / "starts"
attempt = len(starts.read_text().splitlines()) if starts.exists() else 0
time.sleep(0.3)  # every rank has read it
if rank == 0:
    with starts.open("a") as f: f.write(" ".join(sys.argv[2:]) + "\n")
def checkpoint(step):
    folder = out / f"checkpoints/step-{step:010d}"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
for action in script[min(attempt, len(script) - 1)].split(","):
    word, _, value = action.partition(":")
    if word == "checkpoint" and rank == 0: checkpoint(int(value))
    if word == "print": print(value.replace("_", " "), flush=True)
    if word == "flood": [print("x" * 300) for _ in range(int(value))]
    if word == "full": (out / "attempts" / value).symlink_to("/dev/full")
    if word == "exit": sys.exit(int(value))
    if word == "kill" and rank == 0: os.kill(os.getpid(), signal.SIGKILL)
    if word == "stop":  # a trainer's manners
        signal.signal(signal.SIGUSR1, lambda *_: (rank == 0 and checkpoint(77), sys.exit(75)))
        print("waiting", flush=True)
    if word == "deaf": [signal.signal(s, signal.SIG_IGN) for s in (signal.SIGUSR1, signal.SIGTERM)]
    if word == "hang": time.sleep(600)
    if word == "orphan" and rank == 0 and os.fork() == 0:
        os.setsid(); time.sleep(600)
'''
# An mpirun that reports a failure and then waits for ever, as Open MPI 4.1's does for a host that cannot be reached.
STUCK = """#!/bin/sh
[ -e "$0.once" ] && exit 0
touch "$0.once"
echo "ORTE has lost communication with a remote daemon."
trap '' TERM
sleep 600 & wait; sleep 600
"""


class Case:
    def __init__(self, folder, name, script, *options, ranks=1, flags=(), mpirun=None):
        self.out = folder / name
        self.out.mkdir()
        program = folder / "program.py"
        program.write_text(PROGRAM)
        start = ["--mpirun", mpirun] if mpirun else []
        self.command = [str(LAUNCHER), "--backoff=0.2", *start, *options, "--", *MPIRUN[1:], "-n", str(ranks), sys.executable, str(program),
                        script, f"--out={self.out}", *flags]

    def start(self):
        return subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self):
        began = time.time()
        done = subprocess.run(self.command, capture_output=True, text=True, timeout=120)
        self.code, self.log, self.seconds = done.returncode, done.stderr, time.time() - began
        return self

    def starts(self):
        path = self.out / "starts"
        return path.read_text().splitlines() if path.exists() else []

    def attempts(self):
        return [json.loads(line) for line in (self.out / "attempts/attempts.jsonl").read_text().splitlines()]


def codes(folder):
    case = Case(folder, "kill", "kill;exit:75;exit:0", ranks=2).run()
    check((case.code, len(case.starts())) == (0, 3), "kill -9 and 75 are restarted until the job is done")
    check([a["code"] for a in case.attempts()] == [137, 75, 0], "attempts.jsonl has every exit code")
    check(len(list((case.out / "attempts").glob("attempt-*.log"))) == 3, "every attempt's log is kept")
    for code in (1, 2, 70):
        case = Case(folder, f"user{code}", f"print:--rate_is_wrong,exit:{code}").run()
        check((case.code, len(case.starts())) == (code, 1), f"code {code} is not restarted")
    check("--rate is wrong" in (case.out / "attempts/attempt-001.log").read_text(), "the log has the program's words")
    case = Case(folder, "held", "print:another_job_(x)_is_writing_here,exit:1;exit:0").run()
    check((case.code, len(case.starts())) == (0, 2), "a folder that another job still holds is tried again")
    done = subprocess.run([LAUNCHER, f"--run={folder}/none", "--", "-n", "1", "/no/such/program"], capture_output=True, text=True, timeout=60)
    check(done.returncode == 1 and "path" in done.stderr, "a program that is not there is not restarted")
    (folder / "inner.flags").write_text(f"# where\n--out={folder}/flagged\n")
    (folder / "outer.flags").write_text(f"--out=elsewhere\n--flagfile={folder}/inner.flags\n")
    done = subprocess.run([LAUNCHER, "--", "-n", "1", "true", f"--flagfile={folder}/outer.flags"], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0 and (folder / "flagged/attempts/attempts.jsonl").exists(), "--out is found in flagfiles that flagfiles name")
    check(subprocess.run([LAUNCHER, "--", "-n", "1", "true"], capture_output=True).returncode == 1, "no --out and no --run is a mistake of the user")


def limits(folder):
    case = Case(folder, "limit", "exit:75", "--restarts=3").run()
    check((case.code, len(case.starts())) == (75, 4), "three restarts without progress, then the code")
    check(case.seconds > 0.2 + 0.4 + 0.8, "the pauses double")
    script = ";".join(f"checkpoint:{step},exit:75" for step in range(1, 6)) + ";exit:0"
    case = Case(folder, "progress", script, "--restarts=1").run()
    check((case.code, len(case.starts())) == (0, 6), "a new checkpoint resets the counter")
    check([a["to_step"] for a in case.attempts()] == [1, 2, 3, 4, 5, 5], "attempts.jsonl has the steps")
    case = Case(folder, "lower", script, "--restarts=1", flags=["--resume=none"])
    (case.out / "checkpoints/step-0000001000").mkdir(parents=True)
    (case.out / "checkpoints/step-0000001000/manifest.json").write_text("{}")
    case.run()
    check((case.code, len(case.starts())) == (0, 6), "also one of a lower step than the folder had when the run began anew")


def resuming(folder):
    case = Case(folder, "anew", "kill;checkpoint:5,kill;exit:0", flags=["--resume=none"]).run()
    resumed = ["--resume=auto" in line for line in case.starts()]
    check(case.code == 0 and resumed == [False, False, True], "--resume=none begins anew until there is a checkpoint of its own")


def has_begun(case, says="waiting"):
    """Waits until its ranks have begun, and said that they are ready."""
    log = case.out / "attempts/attempt-001.log"
    wait_for("the ranks", lambda: (case.out / "starts").exists() and says in log.read_text(), 30, 0.1)


def stopped(case, *numbers, pause=0.05, seconds=60):
    """The exit code of a job that is sent these signals, one after the other."""
    job = case.start()
    has_begun(case)
    time.sleep(0.5)
    for number in numbers:
        job.send_signal(number)
        time.sleep(pause)
    job.communicate(timeout=seconds)
    return job.returncode


def signals(folder):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
        case = Case(folder, f"stop{number}", "stop,hang", ranks=2)
        code = stopped(case, number, number, number)  # a closed terminal: from the kernel and from the shell; Slurm: to every task
        check(code == 75 and len(case.starts()) == 1 and (case.out / "checkpoints/step-0000000077").exists(),
              f"{signal.Signals(number).name}: checkpoint, code 75, no restart")
    code = stopped(Case(folder, "deaf", "deaf,print:waiting,hang", "--grace=1"), signal.SIGTERM)
    check(code == 75, f"ranks that do not leave are killed after --grace ({code})")
    code = stopped(Case(folder, "twice", "stop,deaf,print:waiting,hang"), signal.SIGTERM, signal.SIGTERM, pause=1.2)
    check(code == 143, f"a later second signal ends the job at once ({code})")
    case = Case(folder, "nohup", "print:waiting,hang;exit:0", "--deadline=4")
    job = subprocess.Popen(["nohup", *case.command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    has_begun(case, says="")
    job.send_signal(signal.SIGHUP)
    check(job.wait(timeout=60) == 0 and len(case.starts()) == 2, "under nohup SIGHUP does nothing")
    case = Case(folder, "pause", "exit:75", "--backoff=60")
    job = case.start()
    wait_for("the pause", lambda: (case.out / "attempts/attempts.jsonl").exists(), 30, 0.1)
    job.send_signal(signal.SIGTERM)
    job.communicate(timeout=10)
    check(job.returncode == 75, "a signal during the pause ends the wait")


def hangs(folder):
    stuck = folder / "stuck"
    stuck.write_text(STUCK)
    stuck.chmod(0o755)
    case = Case(folder, "unreachable", "", "--ending=1", mpirun=str(stuck)).run()
    check(case.code == 0 and "cannot be reached" in case.attempts()[0]["killed"], "an mpirun that waits for a lost host is killed and the job restarted")
    case = Case(folder, "silent", "hang;exit:0", "--deadline=3").run()
    check(case.code == 0 and "no sign of life" in case.attempts()[0]["killed"], "a job without a sign of life is killed and restarted")
    case = Case(folder, "orphan", "orphan,kill;exit:0").run()
    left = subprocess.run(["pgrep", "-f", str(case.out)], capture_output=True, text=True).stdout.split()
    check(case.code == 0 and not left, "no process of an attempt is left behind")


def readers(folder):
    """Whoever reads our output may go away or stand still; the log's disk may be full."""
    flood = "flood:600,print:the_end,exit:0"  # more than a pipe holds
    case = Case(folder, "gone", flood)
    job = subprocess.Popen(case.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    job.stdout.readline()
    job.stdout.close()
    check(job.wait(timeout=60) == 0, f"a pipe that nobody reads any more: the job goes on ({job.returncode})")
    log = case.out / "attempts/attempt-001.log"
    check("the end" in log.read_text() and case.attempts()[0]["code"] == 0, "and its log is whole")
    case = Case(folder, "still", flood)
    job = subprocess.Popen(case.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check(job.wait(timeout=60) == 0 and "the end" in (case.out / "attempts/attempt-001.log").read_text(), "a reader that stands still stops neither")
    job.stdout.close()
    case = Case(folder, "full", f"full:attempt-008.log,full:attempts.jsonl,exit:75;{flood}")
    (case.out / "attempts").mkdir()
    (case.out / "attempts/attempt-006.log").write_text("others'")
    with open("/dev/full", "wb") as full:
        check(subprocess.run(case.command, stdout=full, stderr=full, timeout=60).returncode == 0, "a full disk, of log and output, does not end the job")
    logs = {path.name: path.read_text() for path in (case.out / "attempts").glob("attempt-00[67].log")}
    check(logs["attempt-006.log"] == "others'" and "attempt-007.log" in logs, "a new log takes no other one's place")
    said = Case(folder, "fuller", "exit:0").run().log
    check("the job goes on" not in said, "where the disk has room nothing is told")


def mistakes(folder):
    (folder / "file").write_text("")
    cases = ((["--", "-n", "1", "true", f"--out={folder}/file"], "file/attempts: cannot be created: Not a directory"),
             (["--logs", f"{folder}/file", "--", "-n", "1", "true", f"--out={folder}/m"], "file: cannot be created: it is a file"),
             (["--", "-n", "1", "true", "--out=/proc/none"], "/proc/none/attempts: cannot be created: "),
             (["--mpirun", "nompirun", "--", "-n", "1", "true", f"--out={folder}/m"], "nompirun: not found (load your MPI module"),
             (["--mpirun", f"{folder}/file", "--", "-n", "1", "true", f"--out={folder}/m"], "file: cannot be started: Permission denied"),
             (["--deadline=nan", "--", "-n", "1", "true", f"--out={folder}/m"], "--deadline: nan: at least 0"),
             (["--restarts=-1", "--", "-n", "1", "true", f"--out={folder}/m"], "--restarts: -1: at least 0"))
    for words, expected in cases:
        done = subprocess.run([str(LAUNCHER), *words], capture_output=True, text=True, timeout=60)
        check(done.returncode == 1 and expected in done.stderr and "Traceback" not in done.stderr, expected)
    (folder / "latin.flags").write_bytes(f"# h\xe4lt\n--out={folder}/latin\n".encode("latin-1"))
    done = subprocess.run([str(LAUNCHER), "--", "-n", "1", "true", f"--flagfile={folder}/latin.flags"], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0 and (folder / "latin/attempts").exists(), "a flagfile in another encoding is read")


# The launcher, with a disk that fails while it looks for checkpoints.
FAILING = """import runpy, sys
sys.argv = [sys.argv[1], "--", "-n", "1", "true", "--out=" + sys.argv[2]]
launcher = runpy.run_path(sys.argv[0])
def fail(*_): raise OSError({error})
launcher["Launcher"].__init__ = fail
code = launcher["main"]()
sys.exit(code)
"""


def disk(folder):
    for error, expected in (("5, 'Input/output error', '/shared/run'", "launch: /shared/run: Input/output error"), ("5, 'gone'", "launch: gone"), ("'odd'", "launch: odd")):
        done = subprocess.run([sys.executable, "-c", FAILING.replace("{error}", error), str(LAUNCHER), str(folder / "disk")], capture_output=True, text=True, timeout=60)
        check(done.returncode == 75 and done.stderr.strip() == expected, f"a disk that fails is named: {expected}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="helio_launcher_") as temporary:
        for part in (codes, limits, resuming, signals, hangs, readers, mistakes, disk):
            part(pathlib.Path(temporary))
