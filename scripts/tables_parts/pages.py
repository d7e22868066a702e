"""docs/tables.md and the page of pictures."""
import base64
import html
import re
import shutil
import statistics

from tables_parts.records import ROOT, ROWS, SCORES, best_rates, judged_otherwise, records_of, run_name, speed_of, times_of, trial_scores
from tables_parts.rows import among_ablations, read_rows
from tables_parts.runs import CAPTIONS


def mean_and_deviation(values):
    """Both to the digits that the papers give: two of an Inception Score, three of a share."""
    values = [value["value"] for value in values if value]
    if not values:
        return "-"
    digits = 3 if max(values) < 2 else 2
    deviation = f" ± {statistics.stdev(values):.{digits}f}" if len(set(values)) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{deviation}"


def spearman(pairs):
    """Spearman's correlation of the papers' and our order; None for fewer than three rows."""
    if len(pairs) < 3:
        return None
    rank = lambda values: [sum(other < value for other in values) + (sum(other == value for other in values) - 1) / 2 for value in values]  # noqa: E731
    try:
        return statistics.correlation(*map(rank, zip(*pairs)))
    except statistics.StatisticsError:
        return None


def table(options, rows, score_of_paper, minutes=None):
    lines = ["| system | seeds | " + " | ".join(SCORES.values()) + " | images/s | minutes | paper: IS | paper: R-precision |", "|---" * 9 + "|"]
    pairs = []
    for row in rows:
        if not (found := records_of(options, row, minutes)):
            continue
        cells = [mean_and_deviation([record["generated"][score] for record in found]) for score in SCORES]
        seconds = statistics.mean(record["seconds"] for record in found)
        paper = [f"{row.paper['inception_score']:.2f}" if "inception_score" in row.paper else "", f"{row.paper.get('r_precision_top1', 0):.3f}" if "r_precision_top1" in row.paper else ""]
        lines.append("| " + " | ".join([row.title, f"{len(found)}", *cells, f"{speed_of(found):.0f}", f"{seconds / 60:.1f}", *paper]) + " |")
        ours = [record["generated"][score_of_paper]["value"] for record in found if record["generated"][score_of_paper]]
        if score_of_paper in row.paper and ours:
            pairs.append((row.paper[score_of_paper], statistics.mean(ours)))
    agreement = spearman(pairs)
    said = "" if agreement is None else f"\nOrder by {SCORES[score_of_paper]} against the papers': Spearman's correlation {agreement:.2f} over {len(pairs)} rows.\n"
    return "\n".join(lines) + "\n" + said


def trials_text(options, trials):
    """The table of the trials; nothing where there were none."""
    rows = read_rows(ROWS)
    scores = trial_scores(options, rows, trials)
    lines = ["| system | " + " | ".join(" ".join(flags) or "preset" for flags in trials.rates.values()) + " |", "|---" * (len(trials.rates) + 1) + "|"]
    for row in rows:
        of = scores.get(row.name, {})
        if any(score is not None for score in of.values()):
            best = best_rates(of)
            cells = ["-" if score is None else f"**{score:.3f}**" if name == best else f"{score:.3f}" for name, score in of.items()]
            lines.append(f"| {row.title} | " + " | ".join(cells) + " |")
    if len(lines) == 2:
        return ""
    return (f"\n## Trials\n\nEqually many for each system, by `scripts/tables --trials`: {SCORES[trials.judge]}, by which the papers' order is compared, after "
            f"{trials.pictures:,} pictures, seed {trials.seed},\n{trials.images} captions. The best rates are the rows' above, and those of the ablations.\n\n"
            + "\n".join(lines) + "\n")


def write_tables(options, rows, trials):
    records = [record for row in rows for record in records_of(options, row)]
    real = {record["seed"]: record["real"] for record in records if record["real"]["r_precision_top1"]}.values()  # the same for every row
    pictures = " or ".join(f"{seen:,}" for seen in sorted({record["pictures"] for record in records}))
    machines = " and ".join(sorted({record["machine"] for record in records if "machine" in record}))
    others = f"Judged by encoders that were trained apart from the rest's: {'; '.join(odd)}.\n" if (odd := judged_otherwise(records)) else ""
    text = f"""# The papers' tables, in the small

By `scripts/tables`: every system sees {pictures} pictures of the same drawn birds ([toy.md](toy.md)), with the same encoders and the same evaluator
({options.images:,} captions of held-out classes; deviation over seeds; minutes and images/s by the median speed of a training's log lines, on {machines}). Each run's figures: [tables/](tables), made again for one by
`scripts/tables --rows NAME --seeds N`. Systems of 32 pixels are enlarged for the judges. Presets are those of `configs/toy`, with the learning rates of the
trials below. Real pictures: {", ".join(f"{SCORES[score]} {mean_and_deviation([line[score] for line in real])}" for score in SCORES)}.
{others}
## Systems

{table(options, [row for row in rows if row.table == "main"], "inception_score")}
"""
    if any(records_of(options, row) for row in rows if row.table == "ablations"):
        text += f"\n## Ablations\n\n{table(options, among_ablations(rows), 'r_precision_top1')}\n"
    for minutes in times_of(options):
        if not any(records_of(options, row, minutes) for row in rows):
            continue
        text += f"\n## {minutes:g} minutes each\n\nAs many pictures as the system sees in that time, at the speed of the first table.\n\n{table(options, rows, 'inception_score', minutes)}\n"
    text += trials_text(options, trials) + pictures_text(options, rows)
    reading = options.records / "reading.txt"
    (ROOT / "docs/tables.md" if options.records == ROOT / "docs/tables" else options.out / "tables.md").write_text(
        text + ("\n" + reading.read_text() if reading.exists() else ""))


def keep_pictures(options, rows):
    """Of each row's first seed, beside the records, for docs/tables.md."""
    for row in rows:
        seeds = [record["seed"] for record in records_of(options, row)]
        if seeds and (picture := options.out / f"{row.name}-s{min(seeds)}-pictures/picture.png").exists():
            shutil.copy(picture, options.records / f"{row.name}.png")


def pictures_text(options, rows):
    shown = [row for row in rows if (options.records / f"{row.name}.png").exists()]
    if not shown:
        return ""
    table = ["", *("| " + " | ".join(cells) + " |" for cells in ([row.title for row in shown], ["---"] * len(shown),
                                                                [f"![{row.title}]({options.records.name}/{row.name}.png)" for row in shown])), ""]
    return "\n## Pictures\n\nThe same sentences from the same noise, of each system's first seed.\n" + "\n".join(table)


def write_page(options, rows):
    """Pictures of the same sentences from the same noise: a row of systems for each seed."""
    body = ""
    for seed in options.seeds:
        strips = "".join(strip(options.out / f"{run_name(options, row, seed)}-pictures/picture.png", row.title) for row in rows)
        body += f"<h2>Seed {seed}</h2><div>{strips}</div>\n" if strips else ""
    if not body:
        return
    captions = "".join(f"<li>{html.escape(caption)}" for caption in CAPTIONS)
    (options.out / "pictures.html").write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>The same sentences, every system</title><style>body{{font:16px sans-serif;margin:2em}}"
        f"div{{display:flex;gap:1em;overflow-x:auto}}figure{{margin:0}}</style><h1>The same sentences, every system</h1><ol>{captions}</ol>{body}</html>\n")


def strip(picture, title):
    """A figure of what a system drew; nothing where there is no picture."""
    if not picture.exists():
        return ""
    coded = base64.b64encode(picture.read_bytes()).decode()
    return f'<figure><figcaption>{html.escape(title)}</figcaption><img alt="{html.escape(title)}" src="data:image/png;base64,{coded}"></figure>'
