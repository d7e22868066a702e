#!/usr/bin/env python3
"""Every test that docs/tested-faults.md names exists. Usage: check_tested_faults.py ROOT"""
import pathlib
import re
import sys


def exists(name, root, sources):
    if ".py: " in name:
        file, function = name.split(": ")
        script = root / "tests" / file
        return script.is_file() and re.search(rf"^ *def {function}\(", script.read_text(), re.M)
    if "." in name:
        suite, test = name.split(".")
        return re.search(rf"\bTEST(_F|_P)?\({suite}, {test}\)", sources)
    return f'{{"{name}", {name}}}' in sources


def main():
    root = pathlib.Path(sys.argv[1])
    sources = "\n".join(path.read_text() for path in (root / "tests").rglob("*.cc"))
    rows = [line for line in (root / "docs/tested-faults.md").read_text().splitlines() if line.startswith("| ")][1:]  # without the head
    named = [(row.split("|")[1].strip(), name) for row in rows for name in re.findall(r"`([\w/]+(?:\.py: |\.)?\w*)`", row.split("|")[2]) if not name.isupper()]
    missing = [f"{fault}: {name}" for fault, name in named if not exists(name, root, sources)]
    untested = [row.split("|")[1].strip() for row in rows if "`" not in row]
    for problem in missing + untested:
        print(f"docs/tested-faults.md: {problem} has no such test")
    print(f"{len(rows)} faults, {len(named)} tests named")
    return 1 if missing or untested or not named else 0


if __name__ == "__main__":
    sys.exit(main())
