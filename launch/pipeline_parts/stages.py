"""A stage: as its file has it, and as it runs with its settings."""
import dataclasses
import os
import pathlib
import re
import shlex

from flagfiles import ROOT, with_flagfile
from mistake import Mistake

NAMES = re.compile(r"\{([\w-]+/?)\}")


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a stage is run: its program, whether by all ranks, what it makes in its folder, and the file that shows it is whole."""
    program: str
    parallel: bool = True
    product: str = "."
    whole: str = "."
    seeded: bool = True
    trains: bool = False  # has steps and metrics
    reads_folders: bool = False  # of the stages it names: also what later ones put into them
    leaves: bool = True  # something in a folder of its own
    adds_to_data: bool = False  # writes beside the data that it reads: whoever reads these after it needs it


PRETRAINING = Kind("helio-pretrain", product="best.safetensors", whole="best.safetensors", trains=True)
KINDS = {"synth": Kind("helio-synth", False, whole="attributes.json"), "pack": Kind("helio-pack", False, whole="manifest.json", seeded=False),
         "inspect": Kind("helio-inspect", False, seeded=False, leaves=False),
         "embed": Kind("helio-embed", False, seeded=False, leaves=False, adds_to_data=True),
         "train": Kind("helio-train", whole="checkpoints", trains=True), "evaluate": Kind("helio-eval", whole="summary.json"),
         "pretrain": PRETRAINING, "damsm": PRETRAINING, "captioner": PRETRAINING, "classifier": PRETRAINING, "char_cnn_rnn": PRETRAINING,
         "generate": Kind("helio-generate", False),
         "export": Kind("helio-export", False, product="netG.safetensors", whole="netG.safetensors", seeded=False),
         "report": Kind("helio-report", False, whole="index.html", seeded=False, reads_folders=True)}


@dataclasses.dataclass
class Section:
    """A stage as its file has it."""
    kind: Kind
    name: str
    file: str
    lines: list = dataclasses.field(default_factory=list)
    usually: str = ""


@dataclasses.dataclass(frozen=True)
class Stage:
    """A section with its {names} replaced."""
    section: Section
    needs: list  # names of earlier stages
    out: pathlib.Path
    command: list  # the words to run

    @property
    def name(self):
        return self.section.name

    @property
    def kind(self):
        return self.section.kind

    def product(self):
        """What {NAME} stands for in later stages."""
        return self.out if self.kind.product == "." or self.out.suffix == ".png" else self.out / self.kind.product

    def is_whole(self):
        """Whether what it made is there."""
        return not self.kind.leaves or (self.out if self.out.suffix == ".png" else self.out / self.kind.whole).exists()

    def data(self):
        """The names of the stages whose data it reads."""
        return {name for line in self.section.lines if re.match("--?data=", line) for name in names_in(line)}


def fill(section, settings, earlier):
    """The Stage that a section becomes, given the stages before it."""
    known = settings | {f"{stage.name}/": stage.out for stage in earlier} | {stage.name: stage.product() for stage in earlier}
    flags = [filled(line, known, section) for line in section.lines]
    given = dict(re.fullmatch(r"--?(\w+)=?(.*)", flag).groups() for flag in flags if re.match(r"--?\w", flag))
    out = pathlib.Path(given.get("out") or default_out(section, settings))
    flags += added_flags(section.kind, settings, given, out)
    return Stage(section, needs_of(section, earlier), out, command_of(section.kind, settings, flags))


def filled(line, known, section):
    """`line` with its {names} replaced."""
    for name in NAMES.findall(line):
        if name not in known:
            raise Mistake(f"{section.file}: [{section.name}] {line}: {{{name}}} is no setting and no earlier stage (there are {', '.join(sorted(known))})")
    return with_flagfile(NAMES.sub(lambda match: str(known[match[1]]), line))


def names_in(line):
    """The settings and stages that a line names."""
    return {name.rstrip("/") for name in NAMES.findall(line)}


def needs_of(section, earlier):
    """The names of the stages whose products it is given, each once; of those that put something beside these, too: embeddings beside data, and for a
    report an evaluation in a run's folder."""
    given = set().union(*map(names_in, section.lines))
    folders = [stage.out for stage in earlier if section.kind.reads_folders and stage.name in given]

    def is_needed(stage):
        return stage.name in given or any(folder in stage.out.parents for folder in folders) or (stage.kind.adds_to_data and stage.data() & given)
    return [stage.name for stage in earlier if is_needed(stage)]


def default_out(section, settings):
    return pathlib.Path(settings["out"]) / section.name / ("picture.png" if section.kind.program == "helio-generate" else "")


def added_flags(kind, settings, given, out):
    """What its lines do not say."""
    flags = []
    if "out" not in given and kind.leaves:
        flags.append(f"--out={out}")
    if kind.seeded and "seed" not in given:
        flags.append(f"--seed={settings['seed']}")
    if kind.trains:
        flags += words_of(settings, "trainings")
    return flags


def words_of(settings, name):
    """A setting's words, as a shell would have them."""
    try:
        return shlex.split(settings[name])
    except ValueError as error:
        raise Mistake(f"{name} = {settings[name]}: {str(error).lower()}") from None


def command_of(kind, settings, flags):
    program = os.path.join(settings["bin"] or ".", kind.program)  # of "." too with the folder: a bare name would be looked for elsewhere
    if not kind.parallel:
        return [program, *flags]
    ranks = settings["ranks"]
    return [str(ROOT / "launch/mpirun/run"), "--", *words_of(settings, "mpirun"), "-n", ranks, program, *flags, f"--expect_world_size={ranks}"]
