#!/usr/bin/env python3
"""launch/pipeline --kubernetes: its Jobs are valid and restricted like the others; started all at once, last first, as a cluster may, by something
that treats exit codes as their failure policies say, one pod told to go on the way, they come to the report.
Usage: check_pipeline_jobs.py BIN_DIR"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/e2e")]
from check_kubernetes import FOLDER, build, schema_problems, security_problems, volume_problems  # noqa: E402
from pipeline import TINY, TRAIN  # noqa: E402
from checks import check  # noqa: E402
from scenarios import checkpoints  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()
PATIENCE = 400  # seconds


def printed(file, *arguments, expect=0):
    done = subprocess.run([str(ROOT / "launch/pipeline"), str(file), *arguments], capture_output=True, text=True)
    check(done.returncode == expect, f"pipeline {' '.join(arguments)}: code {done.returncode} {done.stderr}")
    return json.loads(done.stdout)["items"] if expect == 0 else done.stderr


def check_valid(documents):
    base = build(FOLDER / "base")
    names = {(d["kind"], d["metadata"]["name"]) for d in [*base, *documents]}
    for document in documents:
        found = list(schema_problems(document))
        if document["kind"] == "Job":
            spec = document["spec"]["template"]["spec"]
            found += [*security_problems(document["metadata"]["name"], spec), *volume_problems(document["metadata"]["name"], spec, names)]
        check(not found, f"{document['kind']} {document['metadata']['name']} is valid {' '.join(found)}")


class Cluster:
    """Runs the pods' commands here; volumes and the image's folder are folders of `work`."""

    def __init__(self, documents, work):
        self.work, self.processes, self.again, self.ended = work, {}, {}, {}
        (work / "etc").mkdir()
        for name, text in documents[0]["data"].items():
            (work / "etc" / name).write_text(self.here(text))
        self.jobs = {d["metadata"]["name"]: d["spec"] for d in documents if d["kind"] == "Job"}

    def here(self, text):
        for there, place in (("/opt/heliograph", ROOT), ("/etc/heliograph", self.work / "etc"), ("/runs", self.work / "runs"), ("/data", self.work / "data"),
                             ("--metrics_port=9500", "--metrics_port=0")):  # one machine has one port 9500
            text = text.replace(there, str(place))
        return text

    def start(self, name):
        container = self.jobs[name]["template"]["spec"]["containers"][0]
        words = [self.here(word) for word in [*container["command"], *container["args"]]]
        words[words.index("--patience") + 1] = "1"
        log = (self.work / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen([*words[:2], f"bin={BIN}", *words[2:]], stdout=log, stderr=subprocess.STDOUT, cwd=self.work / "runs")

    def verdict(self, name, code):
        """What the Job's failure policy says of an exit code."""
        for rule in self.jobs[name]["podFailurePolicy"]["rules"]:
            if code in rule.get("onExitCodes", {}).get("values", []):
                return rule["action"]
        return "Complete" if code == 0 else "Count"

    def turn(self):
        """Looks at every pod once; starts again what has to be."""
        for name, process in list(self.processes.items()):
            if (code := process.poll()) is not None:
                del self.processes[name]
                verdict = self.verdict(name, code)
                self.again[name, verdict] = self.again.get((name, verdict), 0) + 1
                if verdict in ("Complete", "FailJob"):
                    self.ended[name] = code
                else:
                    self.start(name)

    def run(self, disturb):
        for name in reversed(self.jobs):
            self.start(name)
        end = time.monotonic() + PATIENCE
        while len(self.ended) < len(self.jobs) and time.monotonic() < end:
            self.turn()
            disturb(self)
            time.sleep(0.1)
        for process in self.processes.values():
            process.kill()


def check_run(documents, work):
    asked = []

    def ask_to_go(cluster):
        if not asked and max(checkpoints(work / "runs/tiny/train"), default=0) >= 3 and "helio-tiny-train" in cluster.processes:
            asked.append(cluster.processes["helio-tiny-train"].send_signal(signal.SIGTERM))

    cluster = Cluster(documents, work)
    cluster.run(ask_to_go)
    logs = "" if set(cluster.ended.values()) == {0} else "".join(log.read_text()[-1500:] for log in work.glob("*.log"))
    check(set(cluster.ended.values()) == {0} and len(cluster.ended) == len(cluster.jobs), f"every Job completes {cluster.ended} {logs}")
    check(asked and cluster.again.get(("helio-tiny-train", "Count")) == 1, f"a pod that was told to go was started again {cluster.again}")
    check(cluster.again.get(("helio-tiny-report", "Ignore"), 0) > 0, "a pod that came too early was no failure")
    check((work / "runs/tiny/report/index.html").exists(), "it ends with a report")


def check_failure(file, work):
    """A stage that fails for good fails those behind it, not for ever tried."""
    documents = printed(file, "out=/runs/broken", "seed=x", "--kubernetes")
    other = work / "other"
    (other / "runs").mkdir(parents=True)
    (other / "data").mkdir()
    cluster = Cluster(documents, other)
    cluster.run(lambda _: None)
    check(set(cluster.ended.values()) == {1} and len(cluster.ended) == len(cluster.jobs), f"all Jobs fail {cluster.ended}")
    check("which failed (log: " in (other / "helio-broken-pack.log").read_text(), "the one behind names the stage and its log")


def main():
    with tempfile.TemporaryDirectory(prefix="helio_jobs_") as folder:
        work = pathlib.Path(folder)
        (work / "runs").mkdir()
        (work / "data").mkdir()
        (work / "data/train.flags").write_text("\n".join(TRAIN).replace("configs/", f"{ROOT}/configs/") + "\n")
        file = work / "tiny.pipeline"
        file.write_text(TINY.format(work="/runs", bin=BIN, train="/data/train.flags"))
        documents = printed(file, "out=/runs/tiny", "--kubernetes", "--image=registry/heliograph:1")
        check_valid(documents)
        check_valid(printed(file, "out=/runs/tiny", "--kubernetes", "--gpus"))
        check_run(documents, work)
        check_failure(file, work)
        check("pods write to the volume at /runs only" in printed(file, "out=here", "--kubernetes", expect=1), "a folder that no pod has is named")


if __name__ == "__main__":
    main()
