"""gflags' flagfiles, as far as the launchers must look into them; what is wrong with one the program says."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEEPEST = 10  # flagfiles that name flagfiles; one that names itself ends here


def with_flagfile(flag):
    """A configuration of the house, wherever the house is."""
    path = flag.removeprefix("--flagfile=")
    if path != flag and not pathlib.Path(path).exists() and (ROOT / path).exists():
        return f"--flagfile={ROOT / path}"
    return flag


def flagfile_at(path, source):
    """Where the flagfile `path` is that the flagfile `source` names (None: a command line): here, or below a folder above `source`. So the programs
    look, too (src/app/flagfiles.cc)."""
    above = pathlib.Path(source).absolute().parents[:-1] if source else ()
    return next((place for place in (pathlib.Path(path), *(folder / path for folder in above)) if place.exists()), pathlib.Path(path))


def flagfile_text(path):
    """"" if it cannot be read."""
    try:
        return pathlib.Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return ""


def flag_lines(path):
    return [line.strip() for line in flagfile_text(path).splitlines() if line.strip().startswith("-")]


def flagfile_of(word, following):
    """The file that a word of a command names, "" if none: --flagfile=FILE, or --flagfile and FILE as the next word."""
    if match := re.fullmatch(r"--?flagfile=(.*)", word):
        return match[1]
    return following if word in ("--flagfile", "-flagfile") else ""


def with_following(words):
    words = list(words)
    return zip(words, [*words[1:], ""])


def flag_value(command, name, source=None, depth=0):
    """The last --name=value or --name value of a gflags command line and the flagfiles it names, as a path. `source`: the flagfile whose lines these are."""
    value = None
    for word, following in with_following(command):
        if match := re.fullmatch(rf"--?{name}=(.*)", word):
            value = match[1]
        elif word in (f"--{name}", f"-{name}") and following:
            value = following
        elif (path := flagfile_of(word, following)) and depth < DEEPEST:
            file = flagfile_at(path, source)
            value = flag_value(flag_lines(file), name, file, depth + 1) or value
    return pathlib.Path(value) if value else None


def flagfile_texts(words, source=None, depth=0):
    """What the flagfiles among a command's words say, and those that they name in turn."""
    texts = []
    for word, following in with_following(words):
        path = flagfile_of(word, following)
        if path and depth < DEEPEST and (file := flagfile_at(path, source)).exists():
            texts += [flagfile_text(file), *flagfile_texts(flag_lines(file), file, depth + 1)]
    return texts
