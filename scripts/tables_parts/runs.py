"""The runs that are to be made, as a pipeline file."""
import json
import shutil
import sys

from tables_parts.records import records_of, run_name, settings_file, settings_of, speed_of, training_names
from tables_parts.rows import SEEN_BY_JUDGES

CAPTIONS = ["a small yellow bird with a red head blue wings and a white belly", "this bird has a black head and orange wings", "a green bird with a yellow belly",
            "the bird has white wings a blue head and a red belly", "a brown bird with a green head", "a bird that is blue with yellow wings"]
JUDGES = ["--classifier={classifier}", "--damsm={damsm}"]


def pictures_for(options, row):
    """How many the row's trainings may see: as many as every row, or what the time is enough for."""
    if not options.minutes:
        return options.pictures
    if not (found := records_of(options, row)):
        sys.exit(f"tables: --minutes: the speed of '{row.name}' is not known yet: first scripts/tables --rows {row.name}")
    return speed_of(found) * 60 * options.minutes


def stages(options, row, seed, captions):
    """The row's trainings with that seed, its evaluation and its pictures, as sections of a pipeline file."""
    run, pictures = run_name(options, row, seed), pictures_for(options, row)
    text = ""
    for step, name in zip(row.train, training_names(run, row)):
        flags = [flag.replace("{stage1}", f"{{{run}-stage1-weights}}") for flag in step["flags"]]
        steps = round(pictures * step.get("share", 1) / step["batch"])
        text += "\n".join([f"[train {name}]", f"--data={{{row.data}}}", *JUDGES, *flags, f"--batch={step['batch']}", f"--steps={steps}", f"--seed={seed}", "", ""])
        if "name" in step:
            text += "\n".join([f"[export {name}-weights]", f"--checkpoint={{{name}}}", "", ""])
    text += "\n".join([f"[evaluate {run}-scores]", f"--checkpoint={{{run}}}", f"--data={{{SEEN_BY_JUDGES}}}", *JUDGES, "--attributes={synth}/attributes.json", f"--images={options.images}", "", ""])
    text += "\n".join([f"[generate {run}-pictures]", f"--checkpoint={{{run}}}", f"--texts={captions}", "--n=1", "--seed=1", *row.draw, "", ""])
    return text


def is_known(options, row, seed):
    """Whether a record of today's settings is there, of whatever machine; a row that is named is made again."""
    record = options.records / f"{run_name(options, row, seed)}.json"
    return row.name not in options.rows and record.exists() and json.loads(record.read_text()).get("settings") == settings_of(options, row)


def begin(options, row, seed):
    """What an earlier run with other settings left is no result of this one, and no training of this one can go on from it: it goes."""
    run, settings = run_name(options, row, seed), settings_of(options, row)
    file = settings_file(options, run)
    if not file.exists() or file.read_text() != settings:
        for folder in (*training_names(run, row), f"{run}-scores", f"{run}-pictures"):
            shutil.rmtree(options.out / folder, ignore_errors=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(settings)


def with_known_speed(options, rows):
    """Those that can be given a time; of rows that are named pictures_for says what is missing."""
    unknown = [row for row in rows if options.minutes and row.name not in options.rows and not records_of(options, row)]
    for row in unknown:
        print(f"tables: {row.name}: left out: its speed is not known yet: first scripts/tables --rows {row.name}", file=sys.stderr)
    return [row for row in rows if row not in unknown]


def write_pipeline(options, rows):
    """The pipeline of the runs that are to be made; None where there are none."""
    rows = with_known_speed(options, rows)
    runs = [(row, seed) for seed in options.seeds for row in rows if not is_known(options, row, seed)]
    if not runs:
        return None
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.print:
        for row, seed in runs:
            begin(options, row, seed)
    captions = options.out / "captions.txt"
    captions.write_text("\n".join(CAPTIONS) + "\n")
    text = options.base.read_text() + "\n" + "".join(stages(options, row, seed, captions) for row, seed in runs)
    file = options.out / "tables.pipeline"
    file.write_text(text)
    return file
