#!/usr/bin/env python3
"""Published sentence embeddings to the file that systems with --sentence=embeddings read beside a packed data set's shards, without executing
anything that is in them.

  scripts/convert_embeddings.py --data=DIR --split=train char-CNN-RNN-embeddings.pickle filenames.pickle     StackGAN's
  scripts/convert_embeddings.py --data=DIR --split=test cub_icml                            icml2016's folders of .t7, CLASS/NAME.t7
  scripts/convert_embeddings.py --data=DIR --split=train vectors.npy names.txt              {pictures, captions, D}, a name a line

Names are matched with the records' ids; a leading folder such as "images/" and an extension of a picture do not count. Every record of the split
needs as many vectors as it has captions, in their order. helio-embed (--bin, default: build/release/bin) checks that and writes the file.
Pickles and .t7 files are read by small readers that know lists, tables, strings, numbers and arrays, and refuse all else. Exit status: 0 done,
1 bad input, 75 a full disk."""
import argparse
import io
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

import numpy
import safetensors.numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from converting import Problem, each_once, exit_code, read_bytes, read_lines, reading, real_numbers, suffix_of, write_file  # noqa: E402
import pickle_reader  # noqa: E402
from pickle_reader import Malformed, is_list_of, path_of, text_of  # noqa: E402

FLOATS = {"f2": "<f2", "f4": "<f4", "f8": "<f8"}
PICKLES = (".pickle", ".pkl")
PICTURE = re.compile(r"\.(jpe?g|jpe|jfif|png|webp|t7)$", re.I)  # of pictures: those of dataio/file_tree.cc


# --- pickles with arrays ---------------------------------------------------------------------------------------------

class Array:
    """numpy's array while its pickle is read: an empty one, then its state."""
    value = None


def called(reader):
    """numpy's arrays and their types, and the bytes that Python 3 writes as text for Python 2."""
    arguments, function = reader.pop(), reader.pop()
    path = path_of(function)
    if re.fullmatch(r"numpy\.(_core|core)\.multiarray\._reconstruct", path):
        reader.push(Array())
    elif path == "numpy.dtype" and isinstance(arguments, tuple) and arguments:
        reader.push(pickle_reader.NumpyType(text_of(arguments[0])))
    elif path == "_codecs.encode" and isinstance(arguments, tuple) and len(arguments) == 2 and arguments[1] == "latin1":
        reader.push(arguments[0].encode("latin-1"))
    else:
        raise Malformed(f"calls {path}, which is refused")


def given_state(reader):
    state = reader.pop()
    if not reader.stack or not isinstance(reader.stack[-1], Array):
        reader.push(state)
        return pickle_reader.build(reader)
    if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], pickle_reader.NumpyType):
        raise Malformed(f"strange array at byte {reader.at}")
    _, shape, kind, fortran, data = state
    reader.stack[-1].value = array_of(shape, kind, fortran, data.encode("latin-1") if isinstance(data, str) else data)


def array_of(shape, kind, fortran, data):
    if kind.code not in FLOATS:
        raise Malformed(f"an array of type {kind.code}, not of floating point")
    form = numpy.dtype(FLOATS[kind.code] if kind.little else FLOATS[kind.code].replace("<", ">"))
    if not isinstance(data, bytes) or any(not isinstance(size, int) or size < 0 for size in shape) or len(data) != form.itemsize * math.prod(shape):
        raise Malformed("an array whose bytes are not those of its shape")
    return numpy.frombuffer(data, form).reshape(shape, order="F" if fortran else "C")


class ArrayReader(pickle_reader.Reader):
    actions = {**pickle_reader.Reader.actions, ord("R"): called, ord("b"): given_state}


def read_pickle(path):
    """An array, or a list of them."""
    with reading(path, "; the file is damaged or no list of arrays"):
        value = ArrayReader(read_bytes(path)).run()
    entries = value if isinstance(value, list) else [value]
    if not entries or any(not isinstance(entry, Array) or entry.value is None for entry in entries):
        raise Problem(f"{path}: holds no list of arrays")
    return [entry.value for entry in entries] if isinstance(value, list) else value.value


def read_names(path):
    if suffix_of(path) not in PICKLES:
        return read_lines(path)
    value = pickle_reader.load(read_bytes(path), str(path))
    if not is_list_of(value, (str, bytes)):
        raise Problem(f"{path}: holds no list of names")
    return [text_of(name) for name in value]


# --- Torch7 ----------------------------------------------------------------------------------------------------------

NUMBER, STRING, TABLE, TORCH, BOOLEAN, NIL = 1, 2, 3, 4, 5, 0
STORAGES = {"Double": "<f8", "Float": "<f4", "Long": "<i8", "Int": "<i4", "Short": "<i2", "Char": "<i1", "Byte": "<u1"}


class Torch7Reader(pickle_reader.Bytes):
    """A binary .t7 file: nil, numbers, strings, booleans, tables, tensors and their storages. Functions and other classes are refused."""

    def __init__(self, data):
        super().__init__(data)
        self.seen = {}

    def longs(self, count):
        return [self.number("<q") for _ in range(count)]

    def string(self):
        return self.sized("<i").decode("latin-1")

    def value(self):
        kind = self.number("<i")
        if kind == NIL:
            return None
        if kind == NUMBER:
            return self.number("<d")
        if kind == STRING:
            return self.string()
        if kind == BOOLEAN:
            return bool(self.number("<i"))
        if kind not in (TABLE, TORCH):
            raise Malformed(f"a value of kind {kind} before byte {self.at} is refused")
        index = self.number("<i")
        if index not in self.seen:
            self.seen[index] = None
            self.seen[index] = self.table() if kind == TABLE else self.instance()
        return self.seen[index]

    def table(self):
        return {key: value for key, value in ((self.value(), self.value()) for _ in range(self.number("<i"))) if isinstance(key, (str, float, bool))}

    def instance(self):
        name = self.string()
        if re.fullmatch(r"V \d+", name):
            name = self.string()
        match = re.fullmatch(r"torch\.(\w+?)(Tensor|Storage)", name)
        if not match or match[1] not in STORAGES:
            raise Malformed(f"an object of class {name} is refused")
        form = numpy.dtype(STORAGES[match[1]])
        return self.tensor() if match[2] == "Tensor" else numpy.frombuffer(self.take(self.number("<q") * form.itemsize), form)

    def tensor(self):
        dimensions = self.number("<i")
        sizes, strides = self.longs(dimensions), self.longs(dimensions)
        offset, storage = self.number("<q") - 1, self.value()
        if storage is None or not dimensions:
            return numpy.zeros(0)
        if dimensions < 0 or not isinstance(storage, numpy.ndarray) or min(sizes + strides) < 0 or math.prod(sizes) > storage.size or offset < 0 \
                or offset + sum((size - 1) * stride for size, stride in zip(sizes, strides)) >= storage.size:
            raise Malformed(f"a tensor beyond its storage, before byte {self.at}")
        return numpy.lib.stride_tricks.as_strided(storage[offset:], sizes, [stride * storage.itemsize for stride in strides])


def read_torch7(path, field):
    with reading(path, "; no Torch7 file of tables and tensors"):
        value = Torch7Reader(read_bytes(path)).value()
    found = value.get(field) if isinstance(value, dict) else value
    if not isinstance(found, numpy.ndarray):
        raise Problem(f"{path}: has no tensor '{field}'")
    return found


# --- what is converted -----------------------------------------------------------------------------------------------

def plain(name):
    """A record's id: CLASS/NAME."""
    return PICTURE.sub("", name.replace("\\", "/")).removeprefix("images/")


def read_all(source, names, field):
    """[(id, {captions, D})]."""
    if source.is_dir():
        files = sorted(source.rglob("*.t7"))
        if not files:
            raise Problem(f"{source}: holds no .t7 files")
        return list(each_once(((plain(file.relative_to(source).as_posix()), read_torch7(file, field)) for file in files), source).items())
    if names is None:
        raise Problem(f"{source}: name the file of its pictures' names too (filenames.pickle, or a text file)")
    vectors, ids = read_vectors(source, field), [plain(name) for name in read_names(names)]
    if len(ids) != len(vectors):
        raise Problem(f"{source}: has vectors of {len(vectors)} pictures, but {names} has {len(ids)} names")
    return list(each_once(zip(ids, vectors), names).items())


def read_vectors(source, field):
    """A list with an array for each picture."""
    suffix = suffix_of(source)
    if suffix not in (".npy", ".t7", *PICKLES):
        raise Problem(f"{source}: vectors are read from .npy, {', '.join(PICKLES)} and .t7, or from a folder of .t7")
    with reading(source):
        found = read_npy(source) if suffix == ".npy" else read_torch7(source, field) if suffix == ".t7" else read_pickle(source)
    if isinstance(found, numpy.ndarray) and found.ndim < 2:
        raise Problem(f"{source}: has the shape {found.shape}, not pictures x captions x dimensions")
    return list(found)


def read_npy(path):
    return numpy.load(io.BytesIO(read_bytes(path)), allow_pickle=False)


def checked(entries, source):
    """As arrays {captions, D} of float32, all of one D."""
    if not entries:
        raise Problem(f"{source}: has no vectors")
    found = []
    for name, vectors in entries:
        array = real_numbers(vectors, numpy.float32, f"{source}: the vectors of '{name}'")
        array = array[None] if array.ndim == 1 else array
        if array.ndim != 2 or array.size == 0:
            raise Problem(f"{source}: the vectors of '{name}' have the shape {array.shape}, not captions x dimensions")
        if array.shape[1] != (found[0][1].shape[1] if found else array.shape[1]):
            raise Problem(f"{source}: the vectors of '{name}' have {array.shape[1]} dimensions, those of '{found[0][0]}' {found[0][1].shape[1]}")
        found.append((name, array))
    return found


def write_vectors(entries, path):
    """What helio-embed --import reads: vectors of all pictures one below the other, and how many each has."""
    counts = numpy.array([array.shape[0] for _, array in entries], dtype=numpy.int64)
    vectors = numpy.concatenate([array for _, array in entries])
    write_file(path, safetensors.numpy.save({"vectors": vectors, "counts": counts}, {"ids": json.dumps([name for name, _ in entries])}))


def run(arguments):
    """helio-embed's exit code."""
    source, program = arguments.embeddings, arguments.bin / "helio-embed"
    if not program.is_file():
        raise Problem(f"{program}: not there (scripts/build helio_programs, or --bin=FOLDER)")
    entries = checked(read_all(source, arguments.names, arguments.field), source)
    with tempfile.TemporaryDirectory(prefix="helio_embeddings_") as folder:
        write_vectors(entries, os.path.join(folder, "vectors.safetensors"))
        code = subprocess.run([program, f"--data={arguments.data}", f"--import={arguments.split}:{folder}/vectors.safetensors",
                               f"--import_from={source.name}"], check=False).returncode
    return 128 - code if code < 0 else code


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embeddings", type=pathlib.Path)
    parser.add_argument("names", type=pathlib.Path, nargs="?")
    parser.add_argument("--data", required=True)
    parser.add_argument("--split", required=True, choices=("train", "test"))
    parser.add_argument("--field", default="txt", help="name of the tensor in a .t7 table")
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[1] / "build/release/bin")
    options = parser.parse_args(arguments)
    return exit_code("convert_embeddings", lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
