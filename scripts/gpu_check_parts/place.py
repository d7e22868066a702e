"""Where the check runs: the unpacked bundle, the environment of its programs, and what is asked of this kind of place."""
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

# What differs between a GPU, a dry run on a CPU and the simulated device.
TINY = ("--stages=2", "--gf=4", "--df=4", "--caption_embedding=16", "--caption_hidden=16", "--embedding=16", "--word_vector=16", "--batch=8", "--z=8",
        "--condition=8", "--side=16", "--pool_size=12", "--iterations=8", "--generator_hidden=16", "--generator_channels=6,5,4,4", "--ema_batch_norm=live")


@dataclasses.dataclass(frozen=True)
class Sizes:
    steps: int  # of a toy training; half of them are an even number
    graph_steps: int  # of one with CUDA graphs: the third is captured, from the fourth on they are launched
    flags: tuple  # on top of the toy's
    judged: int  # pictures of an evaluation
    parity: tuple  # gtest filters, one a part
    bench: tuple  # (global batch, steps) of the timed steps
    large: int  # a second global batch; 0: none
    at_once: int


FULL = Sizes(50, 20, (), 500, ("-*Bfloat16*",) * 6, (20, 20), 64, 6)
SMALL = Sizes(2, 6, TINY, 120, ("*fixtures_ca_net:*fixtures_odd_ca_net:*words_loss:*int_cls_interp-*Bfloat16*",), (2, 1), 0, 4)


def facts_of_torch(python):
    """Of that Python's torch: its file, its version, the GPUs that it sees."""
    question = "import json, torch; print(json.dumps({'file': torch.__file__, 'version': torch.__version__, 'gpus': torch.cuda.device_count()}))"
    try:
        answer = subprocess.run([python, "-c", question], capture_output=True, text=True)
    except OSError as error:
        sys.exit(f"check: {python}: cannot be started: {error.strerror} (PYTHON=... names another)")
    if answer.returncode:
        sys.exit(f"check: {python} has no torch: name one that has it (PYTHON=.venv/bin/python)")
    return json.loads(answer.stdout.splitlines()[-1])


def unpack(archive, folder):
    """Whole or not at all."""
    if folder.exists():
        return
    partial = folder.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    with tarfile.open(archive) as packed:
        packed.extraction_filter = lambda member, path: member  # our own archive; older Pythons know no filters
        packed.extractall(partial)
    partial.rename(folder)


def copy_what_is_missing(source, target):
    """Open MPI's files and a font to where they are looked for. What is there stays as it is."""
    for path in source.rglob("*"):
        there = target / path.relative_to(source)
        if path.is_dir():
            there.mkdir(exist_ok=True)
        elif not there.exists():
            shutil.copy2(path, there)
    if not (target / "usr/bin/mpirun").exists():
        (target / "usr/bin/mpirun").symlink_to("orterun")


class Place:
    """`mode` is gpu, dry or simulated."""

    def __init__(self, bundle, mode, python):
        self.bundle, self.mode = bundle, mode
        self.python = os.path.abspath(shutil.which(python) or python)  # parts call it from other folders; a virtual environment's is a link, and stays one
        self.sizes = FULL if mode == "gpu" else SMALL
        self.device = "cpu" if mode == "dry" else "cuda"
        self.out = pathlib.Path(os.environ.get("OUT") or bundle / "out").resolve()
        self.work = bundle / "work"
        self.simulated = os.environ.get("HELIO_SIMULATED_DEVICE", "")

    def prepare(self):
        self.out.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.work, ignore_errors=True)
        (self.work / "logs").mkdir(parents=True)
        for archive in self.bundle.glob("*.tar.xz"):
            unpack(archive, self.bundle / archive.name.removesuffix(".tar.xz"))
        self.torch = facts_of_torch(self.python)
        if self.mode == "gpu" and not self.torch["gpus"]:
            sys.exit(f"check: torch {self.torch['version']} of {self.python} sees no GPU (without one: scripts/gpu_check dry)")
        if self.mode == "gpu":
            copy_what_is_missing(self.files / "root", pathlib.Path("/"))
        self.environment = self.make_environment(pathlib.Path(self.torch["file"]).parents[1])

    @property
    def files(self):
        return self.bundle / "files"

    def make_environment(self, site):
        libraries = [site / "torch/lib", *sorted((site / "nvidia").glob("*/lib")), self.files / "lib"]
        # Where it is not copied into /, the bundle's Open MPI is to be tried all the same.
        plug_ins = {} if self.mode == "gpu" else {"OMPI_MCA_mca_base_component_path": str(next((self.files / "root").rglob("mca_*.so")).parent)}
        # One host, perhaps without ssh, perhaps without any network but loopback, in a container.
        return {"LD_LIBRARY_PATH": ":".join(map(str, libraries)), "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                "OMPI_MCA_plm_rsh_agent": "sh", "OMPI_MCA_pml": "ob1", "OMPI_MCA_btl": "self,vader,tcp", "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
                "OMPI_MCA_mpi_yield_when_idle": "1", "NCCL_SOCKET_IFNAME": "lo", **plug_ins}

    def program(self, name, *arguments):
        wrapped = [self.simulated + "/run"] if self.mode == "simulated" else []
        return [*wrapped, self.files / "bin" / name, *arguments]

    def on_ranks(self, count, command):
        """Two ranks may have to share the one GPU."""
        if count == 1:
            return command
        share = ["-x", "HELIO_SHARE_GPUS=1"] if self.mode == "gpu" and self.torch["gpus"] < count else []
        return ["mpirun", "--oversubscribe", "--bind-to", "none", "-x", "LD_LIBRARY_PATH", "-x", "NCCL_SOCKET_IFNAME", *share, "-n", str(count), *command]

    def about(self):
        """What is known of the place and of the bundle."""
        said = {"mode": self.mode, "python": sys.version.split()[0], "torch": self.torch, "bundle": json.loads((self.bundle / "bundle.json").read_text())}
        if self.mode == "gpu":
            query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
            said["gpu"] = subprocess.run(query, capture_output=True, text=True).stdout.strip() if shutil.which("nvidia-smi") else "no nvidia-smi"
        return said
