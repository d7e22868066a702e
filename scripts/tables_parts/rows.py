"""Rows of scripts/tables, as configs/tables/birds.json has them, and the trials that find their rates."""
import dataclasses
import json
import sys

SEEN_BY_JUDGES = "pack"  # whatever a row is trained on


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    paper: dict
    train: list
    table: str
    data: str = SEEN_BY_JUDGES  # the stage of birds.pipeline whose pictures it reads
    system: str = ""  # whose trials found its rates: its own, or those of the row that it is an ablation of
    draw: tuple = ()  # flags of its pictures on the page
    paper_of_ablations: dict = None  # what the table of ablations says of it, where that is something else


@dataclasses.dataclass(frozen=True)
class Trials:
    """The same for each system of the main table, so that none is tuned more than another."""
    pictures: int
    images: int
    seed: int
    judge: str  # the score by which the papers' order is compared: part-wise colour is at chance until a system has begun to draw
    rates: dict  # name -> flags; none: the preset's own


def read_rows(file):
    said = json.loads(file.read_text())
    return [Row(name, row["title"], row["paper"], row["train"], table, row.get("data", SEEN_BY_JUDGES), row.get("system", name),
                tuple(row.get("draw", ())), row.get("paper_of_ablations"))
            for table in ("main", "ablations") for name, row in said[table].items()]


def among_ablations(rows):
    """The ablations and the whole systems that they are of, as the papers' tables of ablations have them."""
    systems = {row.system for row in rows if row.table == "ablations"}
    return [dataclasses.replace(row, paper=row.paper_of_ablations or row.paper) for row in rows if row.table == "ablations" or row.name in systems]


def with_rates(row, flags):
    return dataclasses.replace(row, train=[step | {"flags": step["flags"] + flags} for step in row.train]) if flags else row


def trial_rows(rows, trials):
    return [dataclasses.replace(with_rates(row, flags), name=f"{row.name}-{name}", table="trials") for row in rows if row.table == "main" for name, flags in trials.rates.items()]


def chosen(rows, names):
    """Rows by name or table; all of the main table if nothing is named."""
    if unknown := set(names) - {row.name for row in rows} - {row.table for row in rows}:
        sys.exit(f"tables: no row '{sorted(unknown)[0]}': {', '.join(row.name for row in rows)}, main, ablations")
    return [row for row in rows if row.name in names or row.table in names]
