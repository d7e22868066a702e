#!/usr/bin/env python3
"""A real Prometheus, with launch/monitoring's own configuration and rules, scrapes a real run of two ranks found by its target list: every
query of every dashboard panel returns data, every rule evaluates, every documented metric is there. Usage: check_live.py BIN_DIR"""
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, need, run, wait_for  # noqa: E402
from scenarios import Services, free_ports, get, make_data, toy_flags  # noqa: E402

BIN = pathlib.Path(sys.argv[1])
MONITORING = ROOT / "launch/monitoring"
# What a healthy run of a minute has not got, and why.
MAY_BE_EMPTY = {"Lower is better": "its only judge is a DAMSM, whose R-precision is the better the higher"}


def configuration(work, port):
    """prometheus-file.yml as it is, with this test's folder and a clock that fits its minute."""
    config = yaml.safe_load((MONITORING / "prometheus-file.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(MONITORING / f) for f in config["rule_files"]]
    job = next(j for j in config["scrape_configs"] if j["job_name"] == "heliograph")
    job["file_sd_configs"] = [{"files": [f"{work}/targets/*.json"], "refresh_interval": "1s"}]
    file = work / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    return ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={work}/tsdb", f"--web.listen-address=127.0.0.1:{port}"]


def make_judge(work):
    """Scores need a DAMSM; one step of training makes one."""
    shape = [f for f in toy_flags(work, 1) if not f.startswith(("--flagfile", "--ema"))]
    run(BIN / "helio-pretrain", f"--flagfile={ROOT}/configs/toy/damsm.flags", *shape, "--evaluate_images=40", f"--out={work}/damsm")


def query(address, expression):
    answer = get(f"{address}/api/v1/query", query=expression)
    answer = json.loads(answer) if answer else {"status": "no answer"}
    return answer["data"]["result"] if answer["status"] == "success" else []


def panels():
    """(dashboard, panel, expression as Grafana would send it with everything selected)."""
    for file in sorted((MONITORING / "grafana").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", "15s")
                yield file.stem, panel["title"], re.sub(r"\$\{?(job|run)\}?", ".*", expression)


def documented():
    page = (ROOT / "docs/metrics.md").read_text()
    return {(name, ranks.strip()) for name, ranks in re.findall(r"^\| `(helio_\w+)` \|(?:[^|]*\|){3}([^|]*)\|", page, re.M)}


def served(port):
    return set(re.findall(r"^# TYPE (helio_\w+)", get(f"http://127.0.0.1:{port}/metrics") or "", re.M))


def check_scraped_names(base):
    wait_for("scores", lambda: "helio_score" in served(base), 240)
    first, second = served(base), served(base + 1)
    known = {name for name, _ in documented()}
    check(first | second <= known, f"{len(known)} metrics documented; served but not documented: {sorted((first | second) - known)}")
    lacking = {name for name, ranks in documented() if name not in first or (ranks == "all" and name not in second)}
    check(lacking <= set(MAY_BE_EMPTY), f"documented but not served: {sorted(lacking)}")
    lint = subprocess.run(["promtool", "check", "metrics"], input=get(f"http://127.0.0.1:{base}/metrics"), capture_output=True, text=True)
    check(lint.returncode == 0, f"promtool check metrics {lint.stderr.strip()}")


def check_rules(address):
    groups = json.loads(get(f"{address}/api/v1/rules"))["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    sick = [f"{r['name']}: {r.get('lastError')}" for r in rules if r["health"] != "ok"]
    check(rules and not sick, f"{len(rules)} rules evaluate {sick}")
    firing = [r["name"] for r in rules if r.get("state") == "firing"]
    check(not firing, f"no alert fires for a healthy run {firing}")


def check_panels(address):
    empty = {}

    def all_return_data():
        empty.clear()
        empty.update({(board, panel, e): 1 for board, panel, e in panels() if not query(address, e)})
        return all(panel in MAY_BE_EMPTY for _, panel, _ in empty)
    try:
        wait_for("data for every panel", all_return_data, 120)
    except SystemExit:
        sys.exit("FAILED: no data for\n" + "\n".join(f"  {board}/{panel}: {e}" for board, panel, e in empty))
    count = len(list(panels()))
    check(count > 40, f"{count} queries of dashboard panels return data")


def check_healthy(address, base, began):
    """A run of two ranks, as Prometheus sees it."""
    wait_for("Prometheus", lambda: get(f"{address}/-/ready"), 30)
    up = wait_for("both ranks scraped", lambda: len(query(address, "up{job='heliograph'} == 1")) == 2 and query(address, "up{job='heliograph'}"), 90)
    check({u["metric"]["rank"] for u in up} == {"0", "1"} and {u["metric"]["run"] for u in up} == {"birds"},
          f"both ranks up after {time.time() - began:.0f} s, with labels rank and run")
    check_scraped_names(base)
    check_panels(address)
    check_rules(address)


def main():
    need("prometheus", "promtool")
    with tempfile.TemporaryDirectory(prefix="helio_live_") as folder, Services(pathlib.Path(folder)) as services:
        work = pathlib.Path(folder)
        make_data(BIN, work)
        server, base = free_ports(2)
        address = f"http://127.0.0.1:{server}"
        (work / "targets").mkdir()
        (work / "targets/birds.json").symlink_to(work / "run/prometheus-targets.json")
        services.start("prometheus", *configuration(work, server))
        make_judge(work)
        flags = [*toy_flags(work, 1000000), f"--out={work}/run", f"--damsm={work}/damsm/best.safetensors", f"--metrics_port={base}", "--checkpoint_every=20",
                 "--evaluate_every=40", "--evaluate_images=120", "--sample_every=0"]
        began = time.time()
        job = services.start("train", *MPIRUN, "-n", "2", BIN / "helio-train", *flags)
        try:
            check_healthy(address, base, began)
        except SystemExit:
            print(services.log("train")[-3000:], services.log("prometheus")[-2000:])
            raise
        job.send_signal(signal.SIGUSR1)
        check(job.wait(timeout=60) == 75, "the run stops at USR1")
        wait_for("the end of its targets", lambda: not query(address, "up{job='heliograph'}"), 30)
        check(True, "and is no target any more: nobody is told of ranks that are down")
    return 0


if __name__ == "__main__":
    sys.exit(main())
