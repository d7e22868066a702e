#!/usr/bin/env python3
"""Every registered system on simulated CUDA devices (tests/support/simulated_device), beside the same run on the CPU: steps, validation or
evaluation, sample pictures, averages, checkpoint, resume, then helio-eval, helio-generate, helio-export for what draws. Each program must end
with 0 and with the CPU's numbers inside float tolerance; one GAN also on two ranks over NCCL (check_ranks.py: in float64, and on four).
Usage: check_device.py BIN_DIR SIMULATED_DEVICE_DIR [SYSTEM...]"""
import contextlib
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import MPIRUN, check, run  # noqa: E402
from scenarios import make_data, tensors  # noqa: E402

BIN, DEVICE = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
STEPS = 4
# Where to draw, of systems that are told.
PLACES = {"gawwn_box": ["--box=0.2,0.2,0.6,0.5"], "gawwn_keypoint": ["--points=beak:0.8,0.3,left_leg:0.5,0.8"]}
BY_CLASS = {"ppgn"}  # can be asked for one
# Sums in another order: after a few of Adam's first steps, which have the rate's size whatever the gradient's, losses differ by so much.
TOLERANCE = 2e-3


def systems():
    """(program, system) of every row of the registry, as the programs name them."""
    for program in ("helio-pretrain", "helio-train"):
        said = subprocess.run([BIN / program, "--recipe=?"], capture_output=True, text=True).stderr
        yield from ((program, name) for name in re.search(r"--recipe='\?': one of ([\w ]+)", said)[1].split())


@contextlib.contextmanager
def workspace(name):
    """A folder with two packed sets of drawn birds, in data and night; gone in the end."""
    with tempfile.TemporaryDirectory(prefix=f"helio-{name}-", ignore_cleanup_errors=True) as folder:
        work = pathlib.Path(folder)
        make_data(BIN, work, images=200)
        make_data(BIN, work, images=200, style="night")
        yield work


def flags(system, work, steps):
    return ["--flagfile=" + str(ROOT / "configs/base/toy.flags"), f"--recipe={system}", f"--data=data:{work}/data,data_b:{work}/night", "--stages=2", "--gf=4", "--df=4",
            "--caption_embedding=16", "--caption_hidden=16", "--embedding=16", "--word_vector=16", "--batch=8", "--log_every=1", "--threads=1",
            "--random_frozen", "--nofreeze_trunk", "--side=16", "--d_layers=2", "--pool_size=12", "--sentence=damsm", "--z=8", "--condition=8", f"--steps={steps}", "--evaluate_every=2", "--evaluate_images=100", "--sample_every=2",
            "--generator_hidden=16", "--generator_channels=6,5,4,4", "--generator_convolutions=1", "--picture_critic=small", "--loss_units=spread",
            "--code_units=seen", "--iterations=8", "--ema_batch_norm=reestimated", "--checkpoint_every=2"]


def on(device, ranks, *command):
    """The command on that many ranks of the CPU or of simulated devices."""
    launcher = MPIRUN + ["-n", str(ranks)] if ranks > 1 else []
    return run(*launcher, *([DEVICE / "run"] if device else []), *command).out


def record(run):
    """Losses and scores by step."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {(line["step"], name): value for line in lines for part in ("losses", "scores") for name, value in line.get(part, {}).items()}


def same(what, got, expected, tolerance=TOLERANCE, other="the CPU"):
    check(got.keys() == expected.keys() and got, f"{what}: the same {len(expected)} numbers are there")
    worst = max(got, key=lambda key: abs(got[key] - expected[key]) / max(1.0, abs(expected[key])))
    error = abs(got[worst] - expected[worst]) / max(1.0, abs(expected[worst]))
    check(error <= tolerance, f"{what}: farthest from {other} is {worst}: {got[worst]:.6g}, there {expected[worst]:.6g}")


def train(program, system, work):
    """The run folders on the CPU and on a device; the latter is also stopped and resumed."""
    runs = {}
    for device in (False, True):
        runs[device] = work / f"{system}-{'device' if device else 'cpu'}"
        on(device, 1, BIN / program, *flags(system, work, STEPS), f"--out={runs[device]}")
    same(system, record(runs[True]), record(runs[False]))
    # Half the way, then on: bit-equal to the run in one go.
    halves = work / f"{system}-halves"
    for steps in (STEPS // 2, STEPS):
        on(True, 1, BIN / program, *flags(system, work, steps), f"--out={halves}")
    check(tensors(halves, STEPS) == tensors(runs[True], STEPS), f"{system}: resumed on a device, bit-equal")
    return runs


def draws(run):
    return any((run / "samples").glob("*.png"))


def translates(run):
    """Whether what was exported are the generators of two directions."""
    return len(list((run / "exported").glob("netG_*.safetensors"))) == 2


def a_picture(work):
    return next((work / "night-drawn").rglob("*.jpg"))


def strip(height):
    """A PNG one pixel wide."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = zlib.compress(bytes(2 * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, height, 8, 0, 0, 0, 0)) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def no_pictures(work, run_folder):
    """What helio-generate --image cannot translate is named: exit code 1, not 70, not the host's memory."""
    (work / "strip.png").write_bytes(strip(20000))
    for file, expected in ((work, "is a directory, expected a file"), (work / "strip.png", "is too thin: 1 x 20000"), (work / "none.png", "cannot be opened")):
        done = run(BIN / "helio-generate", f"--checkpoint={run_folder}", f"--image={file}", f"--out={work}/no.png", expect=None)
        check(done.code == 1 and f"--image={file}: {expected}" in done.said, f"--image={file.name}: {done.said.strip().splitlines()[-1][:160]}")


def evaluate(system, work, device, run_folder, report):
    """helio-eval's scores of the run; of systems that can, also by class."""
    damsm, classifier = (work / f"{name}-cpu/best.safetensors" for name in ("damsm", "classifier"))
    evaluation = [BIN / "helio-eval", f"--checkpoint={run_folder}", f"--data={work}/data", f"--classifier={classifier}", f"--out={report}"]
    on(device, 1, *evaluation, f"--damsm={damsm}", "--images=200")
    summary = json.loads((report / "summary.json").read_text())
    if system in BY_CLASS:
        on(device, 1, *evaluation, "--by_class", "--iterations=2", "--images=64")
        check("class_accuracy" in json.loads((report / "summary.json").read_text())["by_class"], f"{system}: helio-eval --by_class")
    return {(section, name): score["value"] for section, scores in summary.items() if section != "sources" for name, score in scores.items()}


def translate(system, work, device, run_folder):
    on(device, 1, BIN / "helio-generate", f"--checkpoint={run_folder}", f"--image={a_picture(work)}", "--direction=b2a", f"--out={run_folder}/drawn.png")
    check((run_folder / "drawn-1.png").exists(), f"{system}: helio-generate translates a picture")
    if not device:
        no_pictures(work, run_folder)


def use(system, work, runs):
    """What is done with a trained system."""
    summaries = {}
    for device, run_folder in runs.items():
        on(device, 1, BIN / "helio-export", f"--checkpoint={run_folder}", f"--out={run_folder}/exported")
        if translates(run_folder):
            translate(system, work, device, run_folder)
            continue
        summaries[device] = evaluate(system, work, device, runs[False], run_folder / "report")
        on(device, 1, BIN / "helio-generate", f"--checkpoint={run_folder}", "--text=a red bird with a blue head", *PLACES.get(system, []),
           f"--out={run_folder}/drawn.png")
    if not summaries:
        return
    drawing = [BIN / "helio-generate", f"--checkpoint={runs[False]}", "--text=a red bird", *PLACES.get(system, []), f"--out={runs[False]}/said.png"]
    said = subprocess.run(drawing, capture_output=True, text=True, cwd=ROOT).stderr
    check("wrote" in said and "said.png" in said, f"{system}: helio-generate says what it wrote")
    # Ranks of pictures by a hardly trained judge change with rounding: a few of 200.
    same(f"{system}: helio-eval", summaries[True], summaries[False], tolerance=0.05)


def complete_points(work, runs):
    """A picture at key points of which some were made up."""
    pictures = work / "gawwn_keypoint-cpu"
    for device, run in runs.items():
        on(device, 1, BIN / "helio-generate", f"--checkpoint={pictures}", "--text=a red bird", "--points=beak:0.8,0.3", f"--points_checkpoint={run}",
           f"--out={run}/drawn.png")
        check((run / "drawn-1.png").exists(), "helio-generate completes key points")
        on(device, 1, BIN / "helio-export", f"--checkpoint={run}", f"--out={run}/exported")
    (work / "sentences.txt").write_text("a red bird\na blue bird\n")
    many = [BIN / "helio-generate", f"--checkpoint={pictures}", f"--texts={work}/sentences.txt", f"--points_checkpoint={runs[False]}", f"--out={work}/many.png"]
    said = subprocess.run(many, capture_output=True, text=True, cwd=ROOT).stderr
    check("for the one sentence of --text" in said, "key points are not made up for no sentence")


def check_ranks(program, system, work, alone):
    run = work / f"{system}-two"
    on(True, 2, BIN / program, *flags(system, work, STEPS), f"--out={run}")
    same(f"{system} on two ranks over NCCL", record(run), record(alone))


def main():
    wanted = sys.argv[3:]
    with workspace("device") as work:
        for program, system in systems():
            if wanted and system not in wanted + ["damsm", "classifier"]:
                continue
            runs = train(program, system, work)
            if draws(runs[False]):
                check(draws(runs[True]), f"{system}: sample pictures on a device")
                use(system, work, runs)
            if system == "gawwn_keypoint_generator" and (work / "gawwn_keypoint-cpu").exists():
                complete_points(work, runs)
            if system == "mirrorgan":
                check_ranks(program, system, work, runs[True])


if __name__ == "__main__":
    main()
