"""What the scenarios with real services share: small data, a training command that needs no pretraining, services as child processes."""
import json
import os
import random
import signal
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from checks import ROOT, run, wait_for


def make_data(bin_dir, work, images=200, style="day"):
    """Drawn birds, packed, in `work`/data; those of another style in a folder of its name."""
    drawn, packed = (work / "drawn", work / "data") if style == "day" else (work / f"{style}-drawn", work / style)
    run(bin_dir / "helio-synth", f"--out={drawn}", "--families=3", "--test_classes=20", "--test_images=4", f"--images={images}", f"--style={style}")
    run(bin_dir / "helio-pack", f"--root={drawn}", f"--out={packed}", "--side=76")


def toy_flags(work, steps):
    """Everything but --out: two tiny stages, frozen networks with random weights."""
    return ["--flagfile=" + str(ROOT / "configs/toy/mirrorgan.flags"), "--stages=2", "--gf=4", "--df=4", "--caption_embedding=16",
            "--caption_hidden=16", "--embedding=16", "--word_vector=16", "--batch=8", "--log_every=5", "--random_frozen", "--threads=1",
            "--ema_batch_norm=live", f"--data={work}/data", f"--steps={steps}"]


def make_classifier(bin_dir, work, steps):
    """A hardly trained judge of make_data's pictures: its weights."""
    run(bin_dir / "helio-pretrain", f"--flagfile={ROOT}/configs/toy/classifier.flags", "--stages=2", "--batch=8", "--threads=1", f"--data={work}/data",
         f"--steps={steps}", f"--out={work}/classifier")
    return work / "classifier/best.safetensors"


def losses(run_folder):
    record = run_folder / "metrics.jsonl"
    lines = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    return {line["step"]: line["losses"] for line in lines if "losses" in line}


def largest_difference(a, b):
    """Between two runs' losses, relative to what is larger than 1."""
    return max(abs(a[step][name] - b[step][name]) / max(1, abs(a[step][name])) for step in a for name in a[step])


def checkpoints(run_folder):
    return sorted(int(path.name.split("-")[1]) for path in (run_folder / "checkpoints").glob("step-*") if path.name.split("-")[1].isdigit())


def tensors(run_folder, step):
    """The bytes of a checkpoint's weights, moments and averages."""
    folder = run_folder / f"checkpoints/step-{step:010d}"
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.safetensors"))}


def kill_at(step, run_folder, command):
    """Starts a job whose last flag is --out, and kills all its processes (-9) once it has a checkpoint of that step."""
    job = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for(f"a checkpoint of step {step}", lambda: max(checkpoints(run_folder), default=0) >= step, 200, 0.01)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    subprocess.run(["pkill", "-9", "-f", f"helio-.*{run_folder}$"])


def is_free(port):
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count):
    """Ports whose next three are free, too, for a rank each; below those that the kernel gives to other tests' connections."""
    ports, draws = [], random.SystemRandom()
    while len(ports) < count:
        port = draws.randrange(20000, 32000, 4)
        if port not in ports and all(map(is_free, range(port, port + 4))):
            ports.append(port)
    return ports


def get(url, **parameters):
    """The body of an answer; None if there is none (yet)."""
    query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
    try:
        with urllib.request.urlopen(url + query, timeout=10) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


class Services:
    """Child processes that end with the test; their output goes to files in `folder`."""

    def __init__(self, folder):
        self.folder, self.running = folder, []

    def start(self, name, *command, **options):
        log = (self.folder / f"{name}.log").open("w")
        job = subprocess.Popen([str(c) for c in command], stdout=log, stderr=subprocess.STDOUT, cwd=ROOT, **options)
        self.running.append((name, job))
        return job

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _, job in reversed(self.running):
            job.terminate()
        for _, job in reversed(self.running):
            try:
                job.wait(timeout=20)
            except subprocess.TimeoutExpired:
                job.kill()
                job.wait()
