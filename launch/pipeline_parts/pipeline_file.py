"""A pipeline file (launch/pipeline has its format) with its settings."""
import pathlib
import re
import shutil

from flagfiles import ROOT
from mistake import Mistake
from pipeline_parts.stages import KINDS, NAMES, Section, fill

BUILT = ROOT / "build/release/bin"  # in a checkout; an installed pipeline starts what is installed
INSTALLED = pathlib.Path(shutil.which("helio-train") or BUILT / "helio-train").parent
SETTINGS = {"ranks": "1", "seed": "1", "trainings": "", "bin": str(BUILT if BUILT.exists() else INSTALLED), "mpirun": "--bind-to none --oversubscribe"}


class Pipeline:
    """A file with its settings; `changes` win over the file's. `here`: its stages will run on this machine."""

    def __init__(self, file, changes, here=True):
        self.settings, self.sections, self.stages, self.text = dict(SETTINGS), [], [], ""
        self.read(pathlib.Path(file))
        unknown = [name for name in changes if name not in self.settings]
        if unknown:
            raise Mistake(f"{file}: has no setting '{unknown[0]}' (there are {', '.join(sorted(self.settings))})")
        self.settings |= changes
        self.check(file)
        if here:
            self.check_programs()
        for section in self.sections:
            self.stages.append(fill(section, self.settings, self.stages))
        self.out = pathlib.Path(self.settings["out"])

    def read(self, file):
        try:
            self.text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise Mistake(f"{file}: cannot be read: {getattr(error, 'strerror', None) or 'no UTF-8 text'}") from None
        section, given = None, set()
        for number, line in enumerate(map(str.strip, self.text.splitlines()), 1):
            if not line or line.startswith("#"):
                continue
            if match := re.fullmatch(r"\[(\w+)(?: ([\w-]+))?\]", line):
                section = self.begin(match[1], match[2] or match[1], f"{file}:{number}")
            elif section is None:
                raise Mistake(f"{file}:{number}: stands before the first [section]")
            elif section is self.settings:
                self.set(line, given, f"{file}:{number}")
            else:
                self.take(section, line, f"{file}:{number}")

    def begin(self, kind, name, where):
        if kind == "pipeline":
            return self.settings
        if kind not in KINDS:
            raise Mistake(f"{where}: [{kind}] is no kind of stage (there are {', '.join(sorted(KINDS))}; any other pretraining is [pretrain NAME])")
        if any(section.name == name for section in self.sections):
            raise Mistake(f"{where}: a second stage [{name}]")
        self.sections.append(Section(KINDS[kind], name, where.rsplit(":", 1)[0]))
        return self.sections[-1]

    def set(self, line, given, where):
        """A setting; `given`: the names of those before it in the file."""
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not re.fullmatch(r"\w+", name):
            raise Mistake(f"{where}: '{line}' is no setting (name = value)")
        if name in given:
            raise Mistake(f"{where}: a second '{name}'")
        given.add(name)
        self.settings[name] = value

    def take(self, section, line, where):
        name, _, value = (part.strip() for part in line.partition("="))
        if name == "usually":
            section.usually = value
        elif line.startswith("-") or section.kind.program == "helio-report":
            section.lines.append(line)
        else:
            raise Mistake(f"{where}: '{line}' is no flag (--name=value)")

    def check(self, file):
        if not self.sections:
            raise Mistake(f"{file}: has no stages")
        if not self.settings.get("out"):
            raise Mistake(f"{file}: [pipeline] does not say out = FOLDER")
        if taken := [section.name for section in self.sections if section.name in self.settings]:
            raise Mistake(f"{file}: [{taken[0]}]: {{{taken[0]}}} is a setting; give the stage another name")
        if not re.fullmatch(r"[1-9]\d{0,4}", self.settings["ranks"]):
            raise Mistake(f"{file}: ranks = {self.settings['ranks']}: a number, at least 1")

    def check_programs(self):
        missing = [section.kind.program for section in self.sections if not (pathlib.Path(self.settings["bin"]) / section.kind.program).exists()]
        if missing:
            raise Mistake(f"{self.settings['bin']}/{missing[0]}: not there (scripts/build helio_programs, or bin = FOLDER)")

    @property
    def unused(self):
        """The settings that change nothing: mistyped, perhaps."""
        used = {name for section in self.sections for line in section.lines for name in NAMES.findall(line)}
        return [name for name in self.settings if name not in used and name not in SETTINGS and name != "out"]

    def stage(self, name):
        found = [stage for stage in self.stages if stage.name == name]
        if not found:
            raise Mistake(f"no stage '{name}': there are {', '.join(stage.name for stage in self.stages)}")
        return found[0]
