"""What the run has reached, from the files in its folder."""
import re


def checkpoints(run):
    """{folder name: time of its manifest} of the whole checkpoints."""
    found = {}
    for manifest in run.glob("checkpoints/step-*/manifest.json"):
        try:
            found[manifest.parent.name] = manifest.stat().st_mtime_ns
        except OSError:
            pass  # retention was faster
    return found


def wrote(before, now):
    """Whether of `now` one was not there `before`, or has been written again (by a run that began anew or further back)."""
    return any(before.get(name) != made for name, made in now.items())


def newest_step(found):
    return max((int(name[5:]) for name in found if name[5:].isdigit()), default=0)


def next_attempt(logs):
    """The number of the next one: behind all that have a log, whichever of them was removed."""
    names = [re.fullmatch(r"attempt-([0-9]+)\.log", path.name) for path in logs.glob("attempt-*.log")]
    return 1 + max((int(name[1]) for name in names if name), default=0)


def last_write(run):
    """When the job last wrote its record or a checkpoint (also one that is not whole yet)."""
    times = [0.0]
    for path in [run / "metrics.jsonl", *run.glob("checkpoints/.step-*/*"), *run.glob("checkpoints/step-*"), *run.glob("samples/*")]:
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            pass
    return max(times)
