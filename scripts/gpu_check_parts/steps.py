"""step_bench beside the published code in PyTorch (../shared/reference/bench_reference.py): seconds of a training step by precision."""
import json

from gpu_check_parts.part import Failed, LeftOut, Part

# Ours: words of step_bench; theirs: flags of the reference.
PRECISIONS = {"float32": (["float32"], []), "tf32": (["tf32"], ["--tf32"]), "bfloat16": (["bfloat16"], ["--tf32", "--amp", "bf16"]),
              "bfloat16_graphs": (["bfloat16", "graphs"], None)}


def last_json(said):
    lines = [line for line in said.splitlines() if line.startswith("{")]
    if not lines:
        raise Failed("step_bench printed no line of JSON")
    return json.loads(lines[-1])


def time_ours(place, job, model, batch, words):
    result = last_json(job.call(*place.program("step_bench", model, batch, place.sizes.bench[1], 2, place.device, *words)))
    if "graphs" in words and not result.get("graphs"):
        raise LeftOut("its steps are not captured (--cuda_graph; a line in the log says why)")
    job.figures["ours_s"], job.figures["ours_phases"] = result["seconds"], result["phases"]


def time_theirs(place, job, name, model, batch, flags):
    """Statement by statement as published ("fused")."""
    reference = place.files / "reference/bench_reference.py"
    if place.mode == "simulated" or not reference.exists():
        job.figures["note"] = "not beside the reference here"
        return
    report = place.work / f"{job.log.stem}-{name}.json"
    job.call(place.python, reference, "--model", model, "--batch", batch, "--iters", place.sizes.bench[1], "--warmup", 3 if place.mode == "gpu" else 1,
             "--modes", "fused", "--device", place.device, "--json", report, *flags, LD_LIBRARY_PATH="")
    result = json.loads(report.read_text())
    job.figures[f"{name}_s"], job.figures[f"{name}_phases"] = result["fused"]["s_per_iter"], result["fused"]["phases"]
    job.figures[f"{name}_peak_gib"] = result.get("peak_mem_GiB")


def step(place, model, precision, batch):
    ours, theirs = PRECISIONS[precision]

    def do(job):
        time_ours(place, job, model, batch, ours)
        job.note = f"{job.figures['ours_s']:.4f} s"
        if theirs is None:
            return
        time_theirs(place, job, "theirs", model, batch, theirs)
        if precision == "bfloat16":  # what a user of PyTorch would try next
            time_theirs(place, job, "theirs_tuned", model, batch, [*theirs, "--channels-last", "--freeze-d"])
        if "theirs_s" in job.figures:
            job.figures["speedup"] = round(job.figures["theirs_s"] / job.figures["ours_s"], 3)
            job.note += f", the reference {job.figures['theirs_s']:.4f} s"
    return Part(f"step_{model}_{batch}_{precision}", do, 120)


def steps(place, batch, precisions=tuple(PRECISIONS)):
    """In a dry run one model in float32: a CPU takes long over anything else."""
    models = ("mirrorgan", "attngan") if place.mode == "gpu" else ("attngan",)
    chosen = precisions if place.mode == "gpu" else ("float32", "bfloat16_graphs")
    return [step(place, model, precision, batch) for precision in chosen for model in models]
