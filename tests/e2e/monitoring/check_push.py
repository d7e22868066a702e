#!/usr/bin/env python3
"""The real push gateway: a job's metrics are there while it runs and after it was stopped, and gone once it is done; a gateway that does not
answer costs a warning. Usage: check_push.py BIN_DIR"""
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, need, run, wait_for  # noqa: E402
from scenarios import Services, checkpoints, free_ports, get, make_classifier, make_data, toy_flags  # noqa: E402

BIN = pathlib.Path(sys.argv[1])


def pushed(address):
    """Our group as the gateway serves it: {metric with labels: value}."""
    text = get(f"http://{address}/metrics") or ""
    return dict(re.findall(r'^(helio_step\{.*\}) (\S+)$', text, re.M))


def command(work, steps, gateway):
    return [*MPIRUN, "-n", "2", str(BIN / "helio-train"), *toy_flags(work, steps), f"--out={work}/short", f"--push_gateway={gateway}"]


def while_it_runs_and_stopped(services, work, gateway):
    """The step at which a job was stopped that pushes what it has reached."""
    job = services.start("train", *command(work, 1000000, gateway))
    try:
        group = wait_for("a push with steps", lambda: {k: v for k, v in pushed(gateway).items() if float(v) > 0}, 120)
    except SystemExit:
        print(services.log("train")[-3000:])
        raise
    check(list(group) == ['helio_step{instance="",job="heliograph",run="short"}'], f"one group, of job and run: {group}")
    job.send_signal(signal.SIGUSR1)
    check(job.wait(timeout=60) == 75, "stopped")
    reached = checkpoints(work / "short")[-1]
    check([float(v) for v in pushed(gateway).values()] == [reached], f"a stopped job leaves where it was: step {reached}")
    return reached


def scores_stay(work, gateway):
    judge = make_classifier(BIN, work, steps=2)
    run(BIN / "helio-eval", f"--checkpoint={work}/short", f"--data={work}/data", f"--classifier={judge}", "--images=40", f"--out={work}/judged",
        f"--push_gateway={gateway}")
    scores = re.findall(r'^helio_score\{.*\}', get(f"http://{gateway}/metrics"), re.M)
    expected = ('run="short"', f'evaluation="{work.resolve()}/judged"', 'name="inception_score"', "N=40 splits=10")
    check(len(scores) == 1 and all(label in scores[0] for label in expected), f"helio-eval leaves its scores: {scores}")


def main():
    need("prometheus-pushgateway")
    with tempfile.TemporaryDirectory(prefix="helio_push_") as folder, Services(pathlib.Path(folder)) as services:
        work = pathlib.Path(folder)
        make_data(BIN, work)
        port, nobody = free_ports(2)
        gateway = f"127.0.0.1:{port}"
        services.start("gateway", "prometheus-pushgateway", f"--web.listen-address={gateway}",
                       f"--persistence.file={work}/pushed")  # Debian's keeps what was pushed in one place for all
        wait_for("the gateway", lambda: get(f"http://{gateway}/-/ready"), 30)
        reached = while_it_runs_and_stopped(services, work, gateway)
        done = subprocess.run(command(work, reached + 3, gateway), capture_output=True, text=True, timeout=120)
        check(done.returncode == 0 and not pushed(gateway), f"done: the group is gone (exit code {done.returncode})")
        scores_stay(work, gateway)
        done = subprocess.run(command(work, reached + 6, f"127.0.0.1:{nobody}"), capture_output=True, text=True, timeout=120)
        check(done.returncode == 0 and done.stderr.count("training goes on") == 1, "no gateway: one warning, and training goes on")
    return 0


if __name__ == "__main__":
    sys.exit(main())
