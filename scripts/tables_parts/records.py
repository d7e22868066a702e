"""What a run of scripts/tables is called and made with, and what came out of it: docs/tables/ROW-sSEED.json."""
import argparse
import hashlib
import json
import os
import pathlib
import platform
import re
import statistics
import sys

from tables_parts.rows import SEEN_BY_JUDGES, trial_rows, with_rates

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = ROOT / "configs/tables/birds.json"
SCORES = {"r_precision_top1": "R-precision", "colour_part_accuracy": "part-wise colour", "inception_score": "Inception Score"}


def run_name(options, row, seed):
    return f"{row.name}-s{seed}" + (f"-{options.minutes:g}min" if options.minutes else "")


def training_names(run, row):
    """Of the row's trainings, in order; the last is the one that is judged."""
    return [run + (f"-{step['name']}" if "name" in step else "") for step in row.train]


def with_flagfiles(text):
    """With what the flag files that it names say."""
    return text + "".join(with_flagfiles((ROOT / name).read_text()) for name in re.findall(r"--flagfile=([^\s\"]+)", text))


def settings_of(options, row):
    """What a run depends on besides its seed: the row, its presets, the stages that all share, the budget; as a digest."""
    text = "\n".join(with_flagfiles(part) for part in (json.dumps([row.train, row.data]), options.base.read_text()))
    return hashlib.sha256(f"{text}\n{options.pictures} {options.images}".encode()).hexdigest()[:16]


def settings_file(options, run):
    """Which settings a run is made with, from its beginning: they may be others by the time it is collected."""
    return options.out / f"settings/{run}.txt"


def seconds_of(out, name):
    """That a training takes at the median speed of its log lines: an interruption, or something else beside it for a while, does not count."""
    lines = [json.loads(line) for line in (out / name / "metrics.jsonl").read_text().splitlines()]
    return pictures_of(out, name) / statistics.median(line["images_per_second"] for line in lines if "images_per_second" in line)


def pictures_of(out, name):
    """That a training saw, by its own record of its flags."""
    flags = dict(line[2:].split("=", 1) for line in (out / name / "run.flags").read_text().splitlines() if line.startswith("--") and "=" in line)
    return int(flags["steps"]) * int(flags["batch"])


def machine():
    model = re.search(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return f"{len(os.sched_getaffinity(0))} cores, {model[1] if model else platform.machine()}"


def collect(options, rows):
    """Writes docs/tables/ROW-sSEED.json for every evaluation that is there."""
    options.records.mkdir(parents=True, exist_ok=True)
    for row in rows:
        for seed in options.seeds:
            run = run_name(options, row, seed)
            summary = options.out / f"{run}-scores/summary.json"
            if not (summary.exists() and settings_file(options, run).exists()):
                continue
            said, names = json.loads(summary.read_text()), training_names(run, row)
            # Real pictures are shown in the row's own window.
            real = said.get("real", {}) if row.data == SEEN_BY_JUDGES else {}
            record = {"row": row.name, "seed": seed, "pictures": sum(pictures_of(options.out, name) for name in names),
                      "seconds": round(sum(seconds_of(options.out, name) for name in names)), "machine": machine(), "settings": settings_file(options, run).read_text(),
                      "generated": {name: said["generated"].get(name) for name in SCORES}, "real": {name: real.get(f"real_{name}") for name in SCORES}}
            (options.records / f"{run}.json").write_text(json.dumps(record, indent=1) + "\n")


def all_records_of(options, row, minutes=None):
    """Of the runs with equal pictures, or with those minutes; of whatever settings."""
    ending = f"-{minutes:g}min" if minutes else "[0-9]"
    return [json.loads(file.read_text()) for file in sorted(options.records.glob(f"{row.name}-s*{ending}.json"))]


def records_of(options, row, minutes=None):
    """Those of today's settings: figures of others have no common mean with them."""
    today = settings_of(options, row)
    return [record for record in all_records_of(options, row, minutes) if record.get("settings") == today]


def judges_of(record):
    """The networks that judged a run, by the digests in its protocols."""
    return frozenset(digest for score in record["generated"].values() if score for digest in re.findall(r"\b(?:DAMSM|classifier) ([0-9a-f]{12})", score["protocol"]))


def judged_otherwise(records):
    """Runs whose encoders are not those of most others: trained anew, on a processor that sums in another order. Their figures compare less well."""
    judges = [judges_of(record) for record in records]
    most = max(judges, key=judges.count, default=None)
    return [f"{record['row']}, seed {record['seed']}" for record, of in zip(records, judges) if of != most]


def times_of(options):
    """The equal times of which there are records."""
    return sorted({float(found[1]) for file in options.records.glob("*min.json") if (found := re.search(r"-s\d+-([\d.]+)min$", file.stem))})


def tell_left_out(options, rows):
    for row in rows:
        for minutes in (None, *times_of(options)):
            if left_out := len(all_records_of(options, row, minutes)) - len(records_of(options, row, minutes)):
                which = f" of {minutes:g} minutes" if minutes else ""
                print(f"tables: {row.name}: {left_out} records{which} of other settings are left out", file=sys.stderr)


def speed_of(records):
    """Pictures a second."""
    return statistics.mean(record["pictures"] / record["seconds"] for record in records if record["seconds"])


def trial_options(options, trials):
    changed = {"pictures": trials.pictures, "minutes": None, "images": trials.images, "seeds": [trials.seed], "records": options.records / "trials", "rows": []}
    return argparse.Namespace(**(vars(options) | changed))


def trial_scores(options, rows, trials):
    """{system: {rates: what its trial came to}}; None where there was none with today's settings."""
    own = trial_options(options, trials)
    scores = {row.name: dict.fromkeys(trials.rates) for row in rows if row.table == "main"}
    for row in trial_rows(rows, trials):
        file = own.records / f"{run_name(own, row, trials.seed)}.json"
        record = json.loads(file.read_text()) if file.exists() else {}
        if record.get("settings") == settings_of(own, row):
            found = record["generated"][trials.judge]
            scores[row.system][row.name.removeprefix(f"{row.system}-")] = found and found["value"]
    return scores


def best_rates(scores):
    """The name of the rates with which a system came furthest; the first, the preset's, where there was no trial."""
    return max(scores, key=lambda name: -1 if scores[name] is None else scores[name])


def with_best_rates(options, rows, trials):
    scores = trial_scores(options, rows, trials)
    return [with_rates(row, trials.rates[best_rates(scores[row.system])]) for row in rows]
