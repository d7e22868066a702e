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


def flag_value(command, name, depth=0):
    """The last --name=value or --name value of a gflags command line and the flagfiles it names, as a path."""
    value = None
    for i, word in enumerate(command):
        if match := re.fullmatch(rf"--?{name}=(.*)", word):
            value = match[1]
        elif word in (f"--{name}", f"-{name}") and i + 1 < len(command):
            value = command[i + 1]
        elif (match := re.fullmatch(r"--?flagfile=(.*)", word)) and depth < DEEPEST:
            value = flag_value(flag_lines(match[1]), name, depth + 1) or value
    return pathlib.Path(value) if value else None


def flagfile_texts(words, depth=0):
    """What the flagfiles among a command's words say, and those that they name in turn."""
    texts = []
    for word in map(with_flagfile, words):
        path = pathlib.Path(word.removeprefix("--flagfile="))
        if word.startswith("--flagfile=") and path.exists() and depth < DEEPEST:
            text = flagfile_text(path)
            texts += [text, *flagfile_texts(text.split(), depth + 1)]
    return texts
