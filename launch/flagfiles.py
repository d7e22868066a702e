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


def flagfile_text(path):
    """"" if it cannot be read."""
    try:
        return pathlib.Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
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


def flag_value(command, name, depth=0):
    """The last --name=value or --name value of a gflags command line and the flagfiles it names, as a path."""
    value = None
    for word, following in with_following(command):
        if match := re.fullmatch(rf"--?{name}=(.*)", word):
            value = match[1]
        elif word in (f"--{name}", f"-{name}") and following:
            value = following
        elif (path := flagfile_of(word, following)) and depth < DEEPEST:
            value = flag_value(flag_lines(path), name, depth + 1) or value
    return pathlib.Path(value) if value else None


def flagfile_texts(words, depth=0):
    """What the flagfiles among a command's words say, and those that they name in turn."""
    texts = []
    for word, following in with_following(words):
        path = flagfile_of(with_flagfile(word), following)
        if path and pathlib.Path(path).exists() and depth < DEEPEST:
            text = flagfile_text(path)
            texts += [text, *flagfile_texts(text.split(), depth + 1)]
    return texts
