#!/usr/bin/env python3
"""launch/docker without docker: what the Dockerfile names exists, is pinned, runs without root; the packages of the last stage hold every
library that the programs built here link to. Usage: check_docker.py BIN_DIR"""
import fnmatch
import http.server
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(sys.argv[1])
problems = []


def instructions(text):
    """(stage, name, arguments), continued lines joined, comments gone."""
    stage = 0
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")).replace("\\\n", " ")
    for line in filter(None, map(str.strip, plain.splitlines())):
        name, _, rest = line.partition(" ")
        if not re.fullmatch("ARG|FROM|WORKDIR|COPY|RUN|ENV|USER|HEALTHCHECK|CMD", name):
            problems.append(f"unknown or unwanted instruction {name}")
        stage += name == "FROM"
        yield stage, name, rest


def check_structure(parts):
    base = next(rest for _, name, rest in parts if name == "ARG").split("=")[1]
    stages = [rest for _, name, rest in parts if name == "FROM"]
    last = [(name, rest) for stage, name, rest in parts if stage == len(stages)]
    users = [rest for name, rest in last if name == "USER"]
    if len(stages) < 2 or not all(s.startswith("${DEBIAN} AS ") for s in stages):
        problems.append(f"stages {stages}")
    if not re.fullmatch(r"debian:12\.\d+-slim", base):
        problems.append(f"base image {base} is not pinned")
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        problems.append(f"the image runs as {users}")
    if [name for name, _ in last].count("HEALTHCHECK") != 1:
        problems.append("no health check")
    if not any(stage == 1 and "scripts/bootstrap" in rest for stage, name, rest in parts if name == "RUN"):
        problems.append("does not use scripts/bootstrap")


def check_copies(parts):
    ignored = [line.strip() for line in (ROOT / ".dockerignore").read_text().splitlines() if line.strip() and not line.startswith("#")]
    for wanted in (".git", ".venv", "build", "out"):
        if not any(fnmatch.fnmatch(wanted, pattern) for pattern in ignored):
            problems.append(f".dockerignore lets {wanted} into the image")
    for _, name, rest in parts:
        if name != "COPY" or rest.startswith("--from"):
            continue
        for source in rest.split()[:-1]:
            if not (ROOT / source).exists() or any(fnmatch.fnmatch(source, pattern) for pattern in ignored):
                problems.append(f"COPY {source}: not there, or ignored")


def check_paths(text):
    """Scripts that the Dockerfile and the manifests call exist and can be run."""
    places = [text] + [f.read_text() for f in (ROOT / "launch/kubernetes").rglob("*.yaml")]
    for path in sorted(set(re.findall(r"/opt/heliograph/(launch/[\w/.-]+)", "\n".join(places)))):
        file = ROOT / path
        if not file.exists() or (file.read_text().startswith("#!") and not os.access(file, os.X_OK)):
            problems.append(f"{path} is not there, or not executable")
    for script in (ROOT / "launch/docker").iterdir():
        if script.read_text().startswith("#!"):
            done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True)
            problems.extend([done.stderr] if done.returncode else [])


def check_worker():
    """A pod of an Indexed Job that serves ssh never ends with 0, which would count as done: neither told to go, nor when its sshd ends."""
    for told, code in ((True, 143), (False, 75)):
        with tempfile.TemporaryDirectory(prefix="helio_pod_") as folder:
            place = pathlib.Path(folder)
            sshd = place / "sshd"
            sshd.write_text(f"#!/bin/sh\ntouch {place}/served\n" + ("trap 'exit 0' TERM\nwhile :; do sleep 0.1; done\n" if told else ""))
            sshd.chmod(0o755)
            (place / "sshd_config").write_text((ROOT / "launch/docker/sshd_config").read_text())
            script = place / "indexed-job"
            script.write_text((ROOT / "launch/docker/indexed-job").read_text().replace("/usr/sbin/sshd", str(sshd)))
            surroundings = {**os.environ, "JOB_COMPLETION_INDEX": "1", "HELIO_NAME": "x", "HELIO_PODS": "2", "HELIO_SLOTS": "1"}
            pod = subprocess.Popen(["bash", str(script), "program"], env=surroundings)
            end = time.monotonic() + 30
            while told and not (place / "served").exists() and time.monotonic() < end:
                time.sleep(0.05)
            if told:
                pod.terminate()
            if pod.wait(timeout=30) != code:
                problems.append(f"indexed-job: a pod beside the first, told to go {told}: ends with {pod.returncode}, not {code}")


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


def health(folder, port=None, default=9500):
    """The exit code of launch/docker/health where a rank runs, or seems to; `default` in place of the port that it asks by itself."""
    (folder / "pgrep").write_text("#!/bin/sh\n")
    (folder / "pgrep").chmod(0o755)
    (folder / "health").write_text((ROOT / "launch/docker/health").read_text().replace("9500", str(default)))
    surroundings = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"} | ({"HELIO_METRICS_PORT": str(port)} if port else {})
    return subprocess.run(["sh", str(folder / "health")], env=surroundings).returncode


def check_health():
    """A rank that answers is healthy, one that serves no metrics because nobody asked for them too; one that should answer and does not is sick."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    with tempfile.TemporaryDirectory(prefix="helio_health_") as temporary:
        folder = pathlib.Path(temporary)
        codes = [health(folder, port), health(folder, default=port)]
        server.shutdown()
        server.server_close()
        codes += [health(folder, port), health(folder, default=port)]
    if codes != [0, 0, 1, 0]:
        problems.append(f"health of a rank that answers (port named, not named) and of one that does not: {codes}")


def depends(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Depends}, ${Pre-Depends}", package], capture_output=True, text=True)
    return {re.split(r"[ :(|]", d.strip())[0] for d in done.stdout.split(",") if d.strip()}


def closure(packages):
    known, todo = set(), set(packages)
    while todo:
        known |= todo
        todo = set().union(*map(depends, todo)) - known
    return known


def check_libraries(parts):
    stages = max(stage for stage, _, _ in parts)
    install = next(rest for stage, name, rest in parts if stage == stages and name == "RUN" and "apt-get install" in rest)
    packages = re.search(r"--no-install-recommends\s+(.*?)\s*&&", install).group(1).split()
    listed = subprocess.run(["ldd", *map(str, sorted(BIN.glob("helio-*")))], capture_output=True, text=True).stdout
    libraries = {os.path.realpath(p) for p in re.findall(r"=> (/\S+)", listed) if "/.venv/" not in p}
    owners = subprocess.run(["dpkg", "-S", *libraries], capture_output=True, text=True).stdout
    needed = {line.split(":")[0] for line in owners.splitlines()}
    if missing := needed - closure(packages):
        problems.append(f"the last stage lacks packages {sorted(missing)}")
    return len(libraries)


def main():
    text = (ROOT / "launch/docker/Dockerfile").read_text()
    parts = list(instructions(text))
    check_structure(parts)
    check_copies(parts)
    check_paths(text)
    check_worker()
    check_health()
    libraries = check_libraries(parts)
    print(*problems, f"{len(parts)} instructions, {libraries} libraries, {len(problems)} problems", sep="\n")
    return 1 if problems or not libraries else 0


if __name__ == "__main__":
    sys.exit(main())
