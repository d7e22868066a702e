#!/usr/bin/env python3
"""docs/running.md's commands as they stand there, the names of flags in documents and launch files, and the links of all pages. Usage: check_docs.py BIN_DIR

A block is preceded by <!-- test: KIND -->: `here` runs it in a checkout's root (a folder of links to it), `here, 75` expects that exit code,
`here, background` expects it to be still running after a while; `hosts` runs it over two virtual hosts, `slurm` with Slurm's real daemons;
`build` and `flags` only look at the names in it."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/e2e/slurm")]
from checks import check, wait_for  # noqa: E402  (also lets mpirun run as root)
from scenarios import checkpoints  # noqa: E402
from cluster import Slurm  # noqa: E402
from virtual_hosts import VirtualHosts  # noqa: E402

BIN = pathlib.Path(sys.argv[1]).resolve()
BLOCK = re.compile(r"^```\n(.*?)^```", re.S | re.M)
MARKED = re.compile(r"^<!-- test: (\w+)(?:, (\w+))? -->\n```\n(.*?)^```", re.S | re.M)
PROGRAMS = ("synth", "pack", "inspect", "pretrain", "train", "eval", "generate", "export", "embed", "report", "serve")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "configs/README.md",
             *(p for p in (ROOT / "launch").rglob("*") if p.is_file() and p.suffix != ".json")]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("launch/*/README.md"), ROOT / "configs/README.md"]


def checkout(work):
    """A folder that looks like a checkout with the programs of this build."""
    folder = work / "checkout"
    (folder / "build/release").mkdir(parents=True)
    for name in ("configs", "launch", "scripts", "docs"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "build/release/bin").symlink_to(BIN)
    return folder


def environment(folder, **more):
    path = f"{folder}/build/release/bin:{os.environ['PATH']}"
    return dict(os.environ, PATH=path, OMPI_MCA_rmaps_base_oversubscribe="1", **more)


def first_line(block):
    return block.strip().splitlines()[0][:100]


def run_here(folder, block, expected, **more):
    done = subprocess.run(["bash", "-c", "set -e\n" + block if expected == "0" else block], cwd=folder, env=environment(folder, **more),
                          capture_output=True, text=True, timeout=580)
    check(str(done.returncode) == expected, f"{first_line(block)}: exit code {done.returncode}"
          + ("" if str(done.returncode) == expected else f"\n{(done.stdout + done.stderr)[-3000:]}"))
    return done.stdout + done.stderr


def run_in_background(folder, block):
    job = subprocess.Popen(["bash", "-c", "set -e\n" + block], cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, start_new_session=True)
    time.sleep(8)
    running = job.poll() is None
    os.killpg(job.pid, signal.SIGTERM)
    output = job.communicate(timeout=30)[0]
    check(running and "Server is ready" in output, f"{first_line(block)}: runs" + ("" if running else f"\n{output[-3000:]}"))


def run_on_hosts(folder, block):
    if reason := VirtualHosts.unavailable():
        return print("not run:", first_line(block), "-", reason)
    with VirtualHosts(2) as hosts:
        net = f"{hosts.net}.0/24"
        run_here(folder, block, "0", HOSTS_TAG=hosts.tag, HOSTS_FOLDER=str(hosts.folder), OMPI_MCA_plm="rsh", OMPI_MCA_oob_tcp_if_include=net,
                 OMPI_MCA_plm_rsh_agent=f"{sys.executable} {ROOT}/tests/support/virtual_hosts.py", OMPI_MCA_btl_tcp_if_include=net,
                 OMPI_MCA_btl="tcp,self,vader", OMPI_MCA_pml="ob1")


def run_on_slurm(folder, block):
    if not pathlib.Path("/usr/sbin/slurmctld").exists() or os.geteuid() != 0:
        return print("not run:", first_line(block), "- no slurmctld, or not root")
    place = folder.parent / "slurm"
    with Slurm(place) as slurm:
        said = run_here(folder, block, "0", SLURM_CONF=f"{place}/slurm.conf", HELIO_CPU_BIND="none")
        number = re.search(r"Submitted batch job (\d+)", said)[1]
        job = wait_for("the job's end", lambda: (j := slurm.job(number)).get("JobState") in ("COMPLETED", "FAILED", "TIMEOUT", "NODE_FAIL") and j, 240)
        output = "\n".join(f.read_text()[-3000:] for f in folder.glob("*.out"))
        check(job["JobState"] == "COMPLETED", f"{first_line(block)}: {job['JobState']}" + ("" if job["JobState"] == "COMPLETED" else output))
        check(checkpoints(folder / "out/try/slurm") == [20], "its run has its last checkpoint")


def names_exist(block):
    """Files of the checkout that a block names are there; build targets are."""
    missing = [w for w in re.findall(r"(?<![\w/.])((?:configs|launch|scripts)/[\w./-]+)", block) if not (ROOT / w).exists()]
    missing += [w for w in re.findall(r"\bhelio-\w+", block) if not (BIN / w).exists()]
    check(not missing, f"{first_line(block)}: everything it names exists {missing or ''}")


def known_flags():
    known = set()
    systems = re.search(r"System to train: (.*)", subprocess.run([BIN / "helio-train", "--help"], capture_output=True, text=True).stdout)[1].split(", ")
    for program, *flags in [(program,) for program in PROGRAMS] + [("train", f"--recipe={system}") for system in systems]:
        text = subprocess.run([BIN / f"helio-{program}", "--help", *flags], capture_output=True, text=True).stdout
        known |= set(re.findall(r"^\s+--(\w+)=", text, re.M))
    for script in [ROOT / "launch/mpirun/command_line.py", *(p for p in (ROOT / "scripts").iterdir() if p.is_file())]:
        known |= set(re.findall(r"\"--(\w+)\"", script.read_text()))
    return known


def flags_exist():
    """Names with an underscore are ours: those of other programs have hyphens."""
    known, strange = known_flags(), []
    foreign = {"plm_rsh_agent", "plm_rsh_args", "mpi_yield_when_idle", "gtest_filter"}
    for document in DOCUMENTS:
        named = set(re.findall(r"(?<![\w-])--(?:no)?([a-z]+(?:_[a-z0-9]+)+)\b", document.read_text(errors="replace")))
        strange += [f"{document.relative_to(ROOT)}: --{name}" for name in sorted(named - known - foreign)]
    check(len(known) > 80 and not strange, f"every flag that documents and launch files name exists {strange or ''}")


def anchor_of(heading):
    """What a link calls it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def is_broken(page, target, anchors):
    file, _, heading = target.partition("#")
    place = (page.parent / file).resolve() if file else page
    return not place.exists() or heading and heading not in anchors.get(place, ())


def links_lead_somewhere():
    anchors = {page: {anchor_of(heading) for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.M)} for page in PAGES}
    links = [(page, target) for page in PAGES for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if "://" not in target]
    broken = [f"{page.relative_to(ROOT)}: {target}" for page, target in links if is_broken(page, target, anchors)]
    check(len(links) > 100 and not broken, f"each of the {len(links)} links of all pages leads somewhere {broken or ''}")


def main():
    text = (ROOT / "docs/running.md").read_text()
    blocks = MARKED.findall(text)
    check(len(blocks) == len(BLOCK.findall(text)) > 8, f"each of the {len(blocks)} blocks of docs/running.md says how it is tested")
    flags_exist()
    links_lead_somewhere()
    with tempfile.TemporaryDirectory(prefix="helio_docs_") as temporary:
        work = pathlib.Path(temporary)
        work.chmod(0o755)
        folder = checkout(work)
        for kind, detail, block in blocks:
            names_exist(block)
            if kind == "here" and detail == "background":
                run_in_background(folder, block)
            elif kind == "here":
                run_here(folder, block, detail or "0")
            elif kind == "hosts":
                run_on_hosts(folder, block)
            elif kind == "slurm":
                run_on_slurm(folder, block)


if __name__ == "__main__":
    main()
