#!/usr/bin/env python3
"""Reads every #include of our own and fails on an arrow that docs/architecture.md does not allow. Usage: check_layers.py ROOT"""
import pathlib
import re
import sys

# layer -> layers it may include (each also itself)
ALLOWED = {
    "src/base": set(),
    "dataio": {"src/base"},
    "cluster": {"src/base"},
    "src/nn": {"src/base"},
    "src/losses": {"src/nn", "src/base"},
    "src/recipes": {"src/losses", "src/nn", "src/base", "dataio/batch.h"},
    "src/eval": {"src/recipes", "src/losses", "src/nn", "src/base", "cluster", "dataio"},
    "src/train": {"src/recipes", "src/losses", "src/nn", "src/base", "cluster", "dataio"},
    "src/report": {"src/base"},
    "src/serve": {"src/base"},
    "src/app": {"src/train", "src/report", "src/serve", "src/eval", "src/recipes", "src/losses", "src/nn", "src/base", "cluster", "dataio"},
}
OWN_INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.M)
FOREIGN = re.compile(r"^\s*#include <(torch/torch\.h|glog/logging\.h)>", re.M)
# A system is asked through its interface (src/recipes/system.h), never by its type or name.
CAST = re.compile(r"dynamic_cast<[^>]*(?:recipes::|System|Drawer|Validation|Step)")
SYSTEM_NAME = re.compile(r'(?:==|!=)\s*"(%s)"|"(%s)"\s*(?:==|!=)')
EXIT_CALL = re.compile(r"(?<![\w.>])(?:std::|::)?(_?[eE]xit)\(")
# A process that must end at once, whatever its other threads and ranks do.
ENDS_AT_ONCE = {"cluster/blocking_call.cc", "cluster/device_error.cc", "cluster/mpi_engine.cc", "src/base/mapped_ranges.cc", "src/train/stop_signal.cc"}


def layer_of(path):
    return next((layer for layer in ALLOWED if path.startswith(layer + "/")), None)


def may_include(layer, target):
    return layer_of(target) == layer or any(target == a or target.startswith(a + "/") for a in ALLOWED[layer])


def system_names(root):
    return re.findall(r'^\s*Row<.*>\("(\w+)", Program::', (root / "src/recipes/registry.cc").read_text(), re.M)


def problems_in(root, file, named):
    relative = file.relative_to(root).as_posix()
    layer, text = layer_of(relative), file.read_text()
    for target in OWN_INCLUDE.findall(text):
        if layer_of(target) is None:
            yield f"{relative}: includes \"{target}\": write it from the repository root"
        elif not may_include(layer, target):
            yield f"{relative}: {layer} may not include {target}"
    if FOREIGN.search(text) and relative != "src/base/log.h":
        yield f"{relative}: include src/base/log.h instead of torch or glog"
    if CAST.search(text):
        yield f"{relative}: dynamic_cast on a system: extend System's interface instead"
    if match := named.search(text):
        yield f"{relative}: compares with the system name {match[0]}: let the system declare what differs"
    for call in set(EXIT_CALL.findall(text)) if layer != "src/app" else ():
        if call == "exit" or relative not in ENDS_AT_ONCE:
            yield f"{relative}: {call}() outside src/app"


def main():
    root = pathlib.Path(sys.argv[1])
    files = [f for layer in ALLOWED for f in sorted((root / layer).rglob("*")) if f.suffix in (".h", ".cc")]
    names = "|".join(system_names(root))
    named = re.compile(SYSTEM_NAME.pattern % (names, names))
    problems = [p for f in files for p in problems_in(root, f, named)]
    if not names:
        problems.append("src/recipes/registry.cc: no registrations found")
    print(*problems, f"{len(files)} files, {len(problems)} problems", sep="\n")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
