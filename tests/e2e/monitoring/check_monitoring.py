#!/usr/bin/env python3
"""What can be checked of launch/monitoring without a running Prometheus: configurations, rules and their tests by promtool; every
metric named anywhere is one the code registers, and each has its place; dashboards are as their script writes them, and well formed."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
MONITORING = ROOT / "launch/monitoring"
problems = []


def run(*command, where=ROOT):
    done = subprocess.run([str(c) for c in command], cwd=where, capture_output=True, text=True)
    if done.returncode:
        problems.append(f"{' '.join(map(str, command))}: {(done.stdout + done.stderr).strip()[-600:]}")
    return done.returncode == 0


def check_configurations():
    for name in ("file", "slurm"):
        run("promtool", "check", "config", MONITORING / f"prometheus-{name}.yml")
    # Debian's promtool is built without Kubernetes discovery: everything else of that file is checked with it taken out.
    config = yaml.safe_load((MONITORING / "prometheus-kubernetes.yml").read_text())
    config["rule_files"] = [str(MONITORING / f) for f in config["rule_files"]]
    for job in config["scrape_configs"] + config["alerting"]["alertmanagers"]:
        for discovery in job.pop("kubernetes_sd_configs"):
            unknown = set(discovery) - {"role", "selectors", "namespaces"}
            if unknown or discovery["role"] not in ("pod", "endpoints", "node", "service"):
                problems.append(f"prometheus-kubernetes.yml: odd discovery {discovery}")
        job["static_configs"] = [{"targets": ["127.0.0.1:1"]}]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump(config, file)
        file.flush()
        run("promtool", "check", "config", file.name)


def check_rules():
    run("promtool", "check", "rules", MONITORING / "rules/heliograph.yml")
    tests = sorted((MONITORING / "rules/tests").glob("*.yml"))
    run("promtool", "test", "rules", *tests)
    rules = yaml.safe_load((MONITORING / "rules/heliograph.yml").read_text())
    tested = "".join(t.read_text() for t in tests)
    for rule in (r for group in rules["groups"] for r in group["rules"] if "alert" in r):
        if rule["alert"] not in tested:
            problems.append(f"alert {rule['alert']} has no test")
        for key in ("summary", "description"):
            if not rule.get("annotations", {}).get(key):
                problems.append(f"alert {rule['alert']} has no {key}")


def rule_expressions():
    rules = yaml.safe_load((MONITORING / "rules/heliograph.yml").read_text())
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def panel_expressions():
    boards = [json.loads(file.read_text()) for file in sorted((MONITORING / "grafana").glob("*.json"))]
    return [target["expr"] for board in boards for panel in board["panels"] for target in panel.get("targets", [])]


def expressions():
    return rule_expressions() + panel_expressions()


def check_names():
    page = (ROOT / "docs/metrics.md").read_text()
    known = set(re.findall(r"^\| `(helio_\w+)` \|", page, re.M))
    for expression in expressions():
        for name in re.findall(r"(?<![\w:])helio_\w+", expression):
            if name not in known and re.sub(r"_(bucket|sum|count)$", "", name) not in known:
                problems.append(f"nothing registers {name}, which {expression!r} reads")
    shown = set(re.findall(r"helio_\w+", " ".join(panel_expressions())))
    problems.extend(f"{name} is on no dashboard" for name in sorted(known - shown) if f"{name}_sum" not in shown)


def check_selectors():
    """Panels choose scores and discriminators as the alerts do, and find what was pushed, which has no rank."""
    rules = " ".join(rule_expressions())
    for expression in panel_expressions():
        for selector in re.findall(r'(?:name|phase)(?:=~|!~)"[^"]*"', expression):
            if selector not in rules:
                problems.append(f"no alert selects by {selector}, as {expression!r} does")
        if 'rank="' in expression:
            problems.append(f"{expression!r} misses what was pushed: rank=~\"0|\"")


def check_dashboard(file):
    board = json.loads(file.read_text())
    ids = [panel["id"] for panel in board["panels"]]
    if len(set(ids)) != len(ids):
        problems.append(f"{file.name}: panel ids are not unique")
    if "__inputs" in board or board.get("id") is not None or not board["uid"].startswith("heliograph-"):
        problems.append(f"{file.name}: not a provisionable dashboard (__inputs, id or uid)")
    uids = set(re.findall(r'"uid": "([^"]*)"', file.read_text())) - {board["uid"]}
    if uids != {"${datasource}"}:
        problems.append(f"{file.name}: data sources {uids} are not the variable")
    for panel in (p for p in board["panels"] if p["type"] != "row"):
        if not panel.get("description") or not panel["targets"]:
            problems.append(f"{file.name}: panel {panel['title']!r} lacks description or query")


def check_promql():
    plain = lambda e: re.sub(r"\$\{?\w+\}?", ".*", re.sub(r"\$__rate_interval", "1m", e))
    rules = [{"record": f"x:y:{i}", "expr": plain(e)} for i, e in enumerate(expressions())]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}, file)
        file.flush()
        run("promtool", "check", "rules", file.name)
    return len(rules)


def main():
    if not shutil.which("promtool"):
        print("skipped: promtool is not installed (scripts/apt-packages.txt)")
        return 77
    check_configurations()
    check_rules()
    run(sys.executable, ROOT / "scripts/make_metrics_doc", "--check")
    run(sys.executable, ROOT / "scripts/make_dashboards", "--check")
    check_names()
    check_selectors()
    for file in (MONITORING / "grafana").glob("*.json"):
        check_dashboard(file)
    queries = check_promql()
    print(*problems, f"{queries} queries, {len(problems)} problems", sep="\n")
    return 1 if problems or not queries else 0


if __name__ == "__main__":
    sys.exit(main())
