"""What GoogleTest programs and benchmarks of collectives say."""
import re

from gpu_check_parts.part import Failed, LeftOut, Part


def tests_of(said):
    """Figures of a GoogleTest program's output."""
    passed = re.search(r"\[  PASSED  \] (\d+) test", said)
    failed = sorted(set(re.findall(r"\[  FAILED  \] ([\w/.]+)", said)))
    worst = max(map(float, re.findall(r"(?:out|grad) (\d\S+)", said)), default=None)
    return {"passed": int(passed[1]) if passed else 0, "failed": failed, "largest_error": worst}


def run_tests(job, command, **how):
    """A suite must pass and must not be empty."""
    try:
        job.call(*command, **how)
    finally:
        job.figures.update(tests_of(job.log.read_text(errors="replace")))
        job.note = f"{job.figures['passed']} tests"
    if not job.figures["passed"]:
        raise Failed("no test ran")


def communicators(place, ranks):
    suite = place.program("communicator_test", place.device)
    return Part(f"communicators_{ranks}", lambda job: run_tests(job, place.on_ranks(ranks, suite)), 120)


def parity(place):
    """The recorded numbers of the published code, on the device; in several processes."""
    filters = place.sizes.parity
    shards = [("parity" + (f"_{i + 1}of{len(filters)}" if len(filters) > 1 else ""), chosen, i, len(filters)) for i, chosen in enumerate(filters)]
    return [parity_part(place, *shard) for shard in shards]


def parity_bfloat16(place):
    return parity_part(place, "parity_bfloat16", "*Bfloat16*trajectory_*" if place.mode == "gpu" else "*Bfloat16*fixtures*trajectory_ppgn*", 0, 1)


def parity_part(place, name, chosen, shard, shards):
    def do(job):
        if not any((place.bundle / "fixtures").rglob("*.safetensors")):
            raise LeftOut("this bundle has no recorded numbers")
        run_tests(job, place.program("parity_test", f"--gtest_filter={chosen}"), cwd=place.bundle / "fixtures/at", HELIO_PARITY_DEVICE=place.device,
                  GTEST_TOTAL_SHARDS=str(shards), GTEST_SHARD_INDEX=str(shard))
    return Part(name, do, 180)


def collectives(place):
    """All-reduces of two ranks by size. On one GPU they go through sockets: no figure of a link between GPUs."""
    def do(job):
        said = job.call(*place.on_ranks(2, place.program("allreduce_bench", "auto" if place.mode != "dry" else "cpu")))
        rows = re.findall(r"^ *(\d+) +([\d.]+) +([\d.]+)$", said, re.M)
        job.figures["microseconds"] = {size: float(time) for size, time, _ in rows}
        if not rows:
            raise Failed("no times")
    return Part("allreduce_2", do, 60)


def overlap(place):
    def do(job):
        said = job.call(*place.on_ranks(2, place.program("overlap_bench", "16" if place.mode == "gpu" else "1", "24", "3")))
        job.figures["said"] = said.strip().splitlines()[-5:]
    return Part("overlap_2_on_cpus", do, 60)
