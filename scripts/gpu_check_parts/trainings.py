"""Every recipe's toy training on one rank and on two, and a resume that must be bit-equal."""
import json
import re

from gpu_check_parts.part import Failed, LeftOut, Part

# A first step's losses on two ranks beside one rank's: sums in another order. In float64 they make next to nothing, at any step.
TOLERANCE, EXACT = 2e-3, 1e-9
ALL_FLAGS = ["--random_frozen", "--nofreeze_trunk", "--sentence=damsm", "--log_every=1", "--evaluate_images=100", "--threads=2"]


def make_data(place):
    """Drawn birds by day and by night, packed: two parts."""
    def part(style):
        drawn, packed = place.work / f"{style}-drawn", place.work / style

        def do(job):
            job.call(*place.program("helio-synth"), f"--out={drawn}", "--families=3", "--test_classes=20", "--test_images=6", "--images=280",
                     f"--style={style}")
            job.call(*place.program("helio-pack"), f"--root={drawn}", f"--out={packed}", "--side=76")
        return Part(f"data_{style}", do)
    return [part("day"), part("night")]


def run_folder(place, name, ranks=1):
    return place.work / f"{name}-{ranks}"


def command(place, name, out, *more):
    """The toy training of that name (bundle.json knows its program and flags)."""
    training = json.loads((place.bundle / "bundle.json").read_text())["trainings"][name]
    data = f"--data=data:{place.work}/day,data_b:{place.work}/night"
    return place.program(training["program"], *training["flags"], data, *ALL_FLAGS, *place.sizes.flags, f"--steps={place.sizes.steps}",
                         f"--device={place.device}", f"--checkpoint_every={place.sizes.steps // 2}", f"--out={out}", *more)


def losses(run):
    """{step: {name: value}} of a run's record."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {line["step"]: line["losses"] for line in lines if "losses" in line}


def largest_difference(ours, theirs):
    return max(abs(ours[name] - theirs[name]) / max(1.0, abs(theirs[name])) for name in theirs)


def report_speed(job, said):
    """Pictures a second of the last log line: with start-up, beside other parts; no benchmark."""
    if found := re.findall(r"([\d.]+) images/s", said):
        job.figures["images_per_s"], job.note = float(found[-1]), f"{found[-1]} images/s"


def train(place, name, ranks):
    def do(job):
        run = run_folder(place, name, ranks)
        said = job.call(*place.on_ranks(ranks, command(place, name, run, f"--expect_world_size={ranks}")))
        report_speed(job, said)
        record = losses(run)
        job.figures["last_losses"] = record[max(record)]
        if ranks > 1:
            compare_with_one_rank(place, name, record, job)
    return Part(f"train_{name}_{ranks}", do, 90, needs=("data_day", "data_night") if ranks == 1 else (f"train_{name}_1",))


def compare_with_one_rank(place, name, record, job):
    alone = losses(run_folder(place, name))
    job.figures["first_step_difference"] = first = largest_difference(record[1], alone[1])
    job.figures["last_step_difference"] = last = largest_difference(record[max(record)], alone[max(alone)])
    job.note = f"off one rank's losses by {first:.1g} at first, {last:.1g} at last"
    if not first <= TOLERANCE:
        raise Failed(f"first losses differ from one rank's by {first:.2g}")


def exact_ranks(place, name="mirrorgan_damsm", steps=3):
    """Two ranks are one, in float64."""
    def do(job):
        records = []
        for ranks in (1, 2):
            out = place.work / f"exact-{ranks}"
            job.call(*place.on_ranks(ranks, command(place, name, out, "--dtype=float64", f"--steps={steps}", "--checkpoint_every=0",
                                                    f"--expect_world_size={ranks}")))
            records.append(losses(out))
        alone, both = records
        job.figures["difference"] = worst = max(largest_difference(both[step], alone[step]) for step in range(1, steps + 1))
        job.note = f"off one rank's losses by {worst:.1g}"
        if not worst <= EXACT:
            raise Failed(f"losses of {steps} steps in float64 differ from one rank's by {worst:.2g}")
    return Part("ranks_float64", do, 120, needs=("data_day", "data_night"))


def tensors(run, step):
    """The bytes of a checkpoint's weights, moments and averages."""
    folder = run / f"checkpoints/step-{step:010d}"
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.safetensors"))}


def same_bits(job, ours, other, step, when):
    """Fails unless the checkpoints of that step hold the same weights, moments and averages."""
    got, expected = tensors(ours, step), tensors(other, step)
    job.figures["bytes"] = sum(map(len, expected.values()))
    if not expected or got.keys() != expected.keys():
        raise Failed(f"checkpoints hold {sorted(got)} and {sorted(expected)}")
    if different := [file for file in expected if got[file] != expected[file]]:
        job.figures["our_losses"], job.figures["losses"] = losses(ours)[step], losses(other)[step]
        raise Failed(f"not bit-equal {when}: " + ", ".join(different))


def resume(place, name, ranks=1):
    """From the checkpoint in the middle to the end: bit-equal to the run that went on."""
    def do(job):
        whole, again, steps = run_folder(place, name, ranks), place.work / f"{name}-{ranks}-resumed", place.sizes.steps
        middle = whole / f"checkpoints/step-{steps // 2:010d}"
        job.call(*place.on_ranks(ranks, command(place, name, again, f"--resume={middle}", f"--expect_world_size={ranks}")))
        same_bits(job, again, whole, steps, "after a resume")
    return Part(f"resume_{name}_{ranks}", do, 90, needs=(f"train_{name}_{ranks}",))


def profile(place):
    """A trace of three steps: what the device does, kernel by kernel."""
    def do(job):
        run, steps = place.work / "profiled", place.sizes.steps
        first = max(1, steps // 2)
        job.call(*command(place, "mirrorgan_damsm", run, f"--profile={first}-{min(steps, first + 2)}"))
        trace = json.loads((run / "profile/rank-0.json").read_text())
        job.figures["traced_events"] = len(trace["traceEvents"])
        job.figures["kernels_ms"] = kernel_times(trace["traceEvents"])
        if place.device == "cuda" and not job.figures["kernels_ms"]:
            raise LeftOut("traced, but no kernels are in it") if place.mode == "simulated" else Failed("no kernels in the trace")
    return Part("profile", do, 90, needs=("data_day", "data_night"))


def kernel_times(events, most=15):
    """Milliseconds by kernel, the longest first."""
    times = {}
    for event in events:
        if event.get("cat") == "kernel":
            times[event["name"][:80]] = times.get(event["name"][:80], 0) + event.get("dur", 0) / 1e3
    return dict(sorted(times.items(), key=lambda item: -item[1])[:most])


def evaluate(place):
    """helio-eval of a system with AttnGAN's judges, and a picture of helio-generate."""
    def do(job):
        run, report = run_folder(place, "mirrorgan_damsm"), place.work / "evaluation"
        judges = [f"--{role}={run_folder(place, role)}/best.safetensors" for role in ("damsm", "classifier")]
        scored = [f"--checkpoint={run}", f"--data={place.work}/day", *judges, f"--images={place.sizes.judged}", f"--out={report}"]
        job.call(*place.program("helio-eval"), *scored, f"--device={place.device}")
        summary = json.loads((report / "summary.json").read_text())
        job.figures.update({name: score["value"] for name, score in summary["generated"].items()})
        picture = place.work / "bird.png"
        job.call(*place.program("helio-generate"), f"--checkpoint={run}", "--text=a red bird with a blue head", f"--device={place.device}", f"--out={picture}")
        if not list(place.work.glob("bird*.png")):
            raise Failed("helio-generate wrote no picture")
    return Part("evaluation", do, 90, needs=("train_mirrorgan_damsm_1", "train_damsm_1", "train_classifier_1"))
