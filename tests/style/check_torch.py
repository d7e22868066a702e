#!/usr/bin/env python3
"""Every .cc file stands in the list of its target that names what it needs of torch (scripts/cmake/Targets.cmake): SOURCES none,
TENSOR_SOURCES src/base/tensor.h, MODULE_SOURCES src/base/autograd.h or src/nn/module.h (few tensor files of a target of modules may
stand there, too: one object less). Also: nothing but those headers includes torch's
dear ones. Usage: check_torch.py ROOT"""
import functools
import pathlib
import re
import sys

OWN_INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.M)
TORCH_INCLUDE = re.compile(r"^\s*#include <((?:torch|ATen|c10)/[^>]+)>", re.M)
KINDS = {"src/base/tensor.h": "TENSOR_SOURCES", "src/base/autograd.h": "MODULE_SOURCES", "src/nn/module.h": "MODULE_SOURCES"}
ORDER = ["SOURCES", "TENSOR_SOURCES", "MODULE_SOURCES"]
CALL = re.compile(r"helio_(?:library|program|test)\((\S+)(.*?)\)", re.S)
# What names a device or a macro only; costs a second, not ten.
LIGHT = {"c10/core/Device.h"}


@functools.lru_cache(None)
def reached(root, file):
    """All own headers that `file` includes, directly or not."""
    found = set()
    path = root / file
    if path.exists():
        for header in OWN_INCLUDE.findall(path.read_text()):
            found |= {header} | reached(root, header)
    return frozenset(found)


def kind_of(root, file):
    return max((KINDS.get(h, "SOURCES") for h in reached(root, file)), key=ORDER.index, default="SOURCES")


def listed(cmake):
    """(target, list, file) of a CMakeLists.txt."""
    for target, body in CALL.findall(re.sub(r"#.*", "", cmake.read_text())):
        current = None
        for word in body.split():
            if word in ORDER:
                current = word
            elif re.fullmatch(r"[A-Z_]{4,}", word):
                current = None
            elif current and word.endswith(".cc"):
                yield target, current, word


def problems_in(root, cmake):
    for target, kind, name in listed(cmake):
        if "${" in name and not name.startswith("${CMAKE_SOURCE_DIR}/"):
            continue
        path = root / name.removeprefix("${CMAKE_SOURCE_DIR}/") if name.startswith("$") else cmake.parent / name
        file = path.relative_to(root).as_posix()
        allowed = [kind_of(root, file)] + ["MODULE_SOURCES"] * (kind_of(root, file) == "TENSOR_SOURCES")
        if kind not in allowed:
            yield f"{cmake.relative_to(root)}: {target}: {name} belongs to {kind_of(root, file)}, not {kind}"


def dear_includes(root, file):
    if file.relative_to(root).as_posix() in KINDS:
        return
    kind = kind_of(root, file.relative_to(root).as_posix())
    for header in TORCH_INCLUDE.findall(file.read_text()):
        if kind == "SOURCES" and header not in LIGHT:
            yield f"{file.relative_to(root)}: includes <{header}>: include src/base/tensor.h, autograd.h or src/nn/module.h first"


def main():
    root = pathlib.Path(sys.argv[1])
    lists = [f for folder in ("src", "dataio", "cluster", "tests") for f in sorted((root / folder).rglob("CMakeLists.txt"))]
    files = [f for folder in ("src", "dataio", "cluster", "tests") for s in ("*.h", "*.cc") for f in sorted((root / folder).rglob(s))
             if "simulated_device" not in f.parts]  # a library of its own, under torch
    problems = [p for f in lists for p in problems_in(root, f)] + [p for f in files for p in dear_includes(root, f)]
    print(*problems, f"{len(files)} files in {len(lists)} lists, {len(problems)} problems", sep="\n")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
