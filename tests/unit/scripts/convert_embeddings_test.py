#!/usr/bin/env python3
"""scripts/convert_embeddings.py: pickles of every protocol, .npy and .t7; hostile and damaged files; names and sizes that do not fit; and with
programs (argument: their folder) the file that lands beside a data set's shards. Usage: convert_embeddings_test.py BIN_DIR"""
import contextlib
import io
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy
import safetensors.numpy

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support")]
import convert_embeddings  # noqa: E402
from convert_embeddings import Problem  # noqa: E402
from scenarios import make_data  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None


def torch7(value, seen=None):
    """`value` as torch.save writes it: numbers, strings, booleans, dictionaries, arrays."""
    seen = [] if seen is None else seen
    seen.append(value)
    index = struct.pack("<i", len(seen))

    def text(string):
        return struct.pack("<i", len(string)) + string.encode()
    if isinstance(value, bool):
        return struct.pack("<ii", 5, value)
    if isinstance(value, (int, float)):
        return struct.pack("<id", 1, value)
    if isinstance(value, str):
        return struct.pack("<i", 2) + text(value)
    if isinstance(value, dict):
        entries = b"".join(torch7(key, seen) + torch7(one, seen) for key, one in value.items())
        return struct.pack("<i", 3) + index + struct.pack("<i", len(value)) + entries
    kind = {"float32": "Float", "float64": "Double", "uint8": "Byte"}[str(value.dtype)]
    strides = [stride // value.itemsize for stride in value.strides]
    shape = struct.pack(f"<i{2 * value.ndim}qq", value.ndim, *value.shape, *strides, 1)
    seen.append(None)
    storage = struct.pack("<ii", 4, len(seen)) + text("V 1") + text(f"torch.{kind}Storage") + struct.pack("<q", value.size) + value.tobytes()
    return struct.pack("<i", 4) + index + text("V 1") + text(f"torch.{kind}Tensor") + shape + storage


class Hostile:
    def __reduce__(self):
        return os.system, ("touch /tmp/helio_was_here",)


class Readers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.arrays = [numpy.random.default_rng(i).normal(size=(3 + i, 5)).astype(numpy.float32) for i in range(4)]

    def put(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def refused(self, action, expected):
        with self.assertRaises(Problem) as caught:
            action()
        self.assertIn(expected, str(caught.exception))
        self.assertFalse(os.path.exists("/tmp/helio_was_here"))

    def test_pickles_of_every_protocol(self):
        for protocol in range(5):
            found = convert_embeddings.read_pickle(self.put("a.pickle", pickle.dumps(self.arrays, protocol)))
            for ours, theirs in zip(found, self.arrays, strict=True):
                numpy.testing.assert_array_equal(ours, theirs)
        turned = [numpy.asfortranarray(self.arrays[0]).astype(">f8")]
        numpy.testing.assert_array_equal(convert_embeddings.read_pickle(self.put("b.pickle", pickle.dumps(turned, 2)))[0], self.arrays[0])
        whole = numpy.stack([self.arrays[0]] * 2)
        self.assertEqual(len(convert_embeddings.read_pickle(self.put("c.pickle", pickle.dumps(whole, 2)))), 2)

    def test_hostile_pickles_are_refused(self):
        for protocol in range(5):
            path = self.put("a.pickle", pickle.dumps([self.arrays[0], Hostile()], protocol))
            self.refused(lambda path=path: convert_embeddings.read_pickle(path), "system, which is refused")
        objects = numpy.array([Hostile(), None])
        path = self.put("b.pickle", pickle.dumps([objects], 2))
        self.refused(lambda: convert_embeddings.read_pickle(path), "refused")
        numpy.save(self.folder / "c.npy", objects, allow_pickle=True)
        names = self.put("names.txt", b"a\nb\n")
        self.refused(lambda: convert_embeddings.read_all(self.folder / "c.npy", names, "txt"), "c.npy")

    def test_damaged_pickles_are_named(self):
        data = pickle.dumps(self.arrays, 2)
        self.refused(lambda: convert_embeddings.read_pickle(self.put("a.pickle", data[:-100])), "a.pickle")
        self.refused(lambda: convert_embeddings.read_pickle(self.put("a.pickle", pickle.dumps({"a": 1}, 2))), "no list of arrays")
        self.refused(lambda: convert_embeddings.read_pickle(self.put("a.pickle", pickle.dumps({1, 2}, 4))), "instruction EMPTY_SET at byte 11 is refused")
        self.refused(lambda: convert_embeddings.read_pickle(self.put("a.pickle", b"\xff.")), "instruction 0xff at byte 0 is refused")

    def test_torch7(self):
        table = {"txt": self.arrays[1], "img": "images/x.jpg", "word": numpy.zeros((2, 2), numpy.uint8), "n": 3, "ok": True}
        path = self.put("001.A/one.t7", torch7(table))
        entries = convert_embeddings.read_all(self.folder, None, "txt")
        self.assertEqual([name for name, _ in entries], ["001.A/one"])
        numpy.testing.assert_array_equal(entries[0][1], self.arrays[1])
        self.refused(lambda: convert_embeddings.read_torch7(path, "none"), "no tensor 'none'")
        turned = self.put("t.t7", torch7(numpy.asfortranarray(self.arrays[1])).replace(b"V 1", b"V 1"))
        self.assertEqual(convert_embeddings.read_torch7(turned, "txt").shape, self.arrays[1].shape)

    def test_hostile_torch7_is_refused(self):
        code = struct.pack("<iiq", 8, 1, 4) + b"code"
        self.refused(lambda: convert_embeddings.read_torch7(self.put("a.t7", code), "txt"), "kind 8")
        text = struct.pack("<iii", 4, 1, 3) + b"V 1" + struct.pack("<i", 9) + b"nn.Linear"
        self.refused(lambda: convert_embeddings.read_torch7(self.put("b.t7", text), "txt"), "nn.Linear")
        data = bytearray(torch7(self.arrays[0]))
        at = data.index(b"FloatTensor") + len(b"FloatTensor") + 4
        data[at:at + 8] = struct.pack("<q", 10 ** 6)  # more rows than its storage has
        self.refused(lambda: convert_embeddings.read_torch7(self.put("c.t7", bytes(data)), "txt"), "beyond its storage")
        begin = struct.pack("<iii", 4, 1, 3) + b"V 1" + struct.pack("<i", 17) + b"torch.FloatTensor"
        storage = torch7(self.arrays[0])[-(60 + 8 + 18 + 4 + 3 + 4 + 8):]
        for dimensions, numbers in ((-3, []), (2, [10 ** 9, 10 ** 9, 0, 0])):  # fewer than none; one number as often as memory has no room for
            data = begin + struct.pack(f"<i{len(numbers)}qq", dimensions, *numbers, 1) + storage
            self.refused(lambda data=data: convert_embeddings.read_torch7(self.put("d.t7", data), "txt"), "beyond its storage")

    def test_flipped_bytes_never_crash(self):
        for name, whole, read in (("a.pickle", pickle.dumps(self.arrays[:1], 2), convert_embeddings.read_pickle),
                                  ("a.t7", torch7(self.arrays[0]), lambda path: convert_embeddings.read_torch7(path, "txt"))):
            for position in range(len(whole)):
                for value in (0, 0x28, 0x52, 0x62, 0x7d, 0xff):
                    with contextlib.suppress(Problem):
                        read(self.put(name, whole[:position] + bytes([value]) + whole[position + 1:]))

    def test_arrays_that_are_no_vectors(self):
        names = self.put("names.txt", b"a\nb\n")

        def read(array):
            numpy.save(self.folder / "v.npy", array)
            return convert_embeddings.checked(convert_embeddings.read_all(self.folder / "v.npy", names, "txt"), "v.npy")
        self.assertEqual(len(read(numpy.ones((2, 3, 4), numpy.int64))), 2)
        for array, expected in ((numpy.float32(3), "the shape ()"), (numpy.zeros(2), "the shape (2,)"), (numpy.array([["a"], ["b"]]), "of type <U1"),
                                (numpy.zeros((2, 3, 4), complex), "of type complex128"), (numpy.full((2, 3, 4), 1e300), "not finite"),
                                (numpy.zeros((0, 3, 4)), "has vectors of 0 pictures, but")):
            self.refused(lambda array=array: read(array), expected)
        self.refused(lambda: convert_embeddings.read_all(self.put("v.pickle", pickle.dumps(numpy.array(3.0), 2)), names, "txt"), "the shape ()")
        self.refused(lambda: convert_embeddings.read_all(self.put("e.npy", b""), names, "txt"), "is empty")
        self.refused(lambda: convert_embeddings.read_all(self.put("e.npz", b"x"), names, "txt"), "vectors are read from .npy, ")
        self.refused(lambda: convert_embeddings.checked([], "file"), "has no vectors")

    def test_sizes_that_do_not_fit(self):
        self.refused(lambda: convert_embeddings.checked([("a", self.arrays[0]), ("b", self.arrays[1][:, :4])], "file"), "'b' have 4 dimensions")
        self.refused(lambda: convert_embeddings.checked([("a", self.arrays[0] * numpy.nan)], "file"), "the vectors of 'a': not finite")
        self.refused(lambda: convert_embeddings.checked([("a", numpy.zeros((1, 2, 3)))], "file"), "shape (1, 2, 3)")
        source = self.put("v.pickle", pickle.dumps(self.arrays, 2))
        self.refused(lambda: convert_embeddings.read_all(source, self.put("n.txt", b"a\nb\n"), "txt"), "4 pictures")
        self.refused(lambda: convert_embeddings.read_all(source, None, "txt"), "filenames.pickle")

    def test_names_of_other_systems(self):
        source = self.put("v.PKL", pickle.dumps(self.arrays[:2], 2))
        for text in (b"\xef\xbb\xbfA/x.webp\r\nB/y.JFIF\r\n\r\n", b"A/x.jpe\nB/y"):
            entries = convert_embeddings.read_all(source, self.put("names.txt", text), "txt")
            self.assertEqual([name for name, _ in entries], ["A/x", "B/y"])
        self.refused(lambda: convert_embeddings.read_all(source, self.put("n.txt", b"A/x\nA/x.jpg\n"), "txt"), "n.txt: 'A/x' comes twice")
        self.refused(lambda: convert_embeddings.read_all(source, self.put("n.txt", b"A/x\nB/\xe9\n"), "txt"), "line 2 is not UTF-8")

    def test_programs_that_are_not_there(self):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            code = convert_embeddings.main(["--data=x", "--split=train", f"--bin={self.folder}/none", "v.npy", "n.txt"])
        self.assertEqual(code, 1)
        self.assertIn("none/helio-embed: not there (scripts/build helio_programs, or --bin=FOLDER)", said.getvalue())

    def test_names(self):
        self.assertEqual([convert_embeddings.plain(name) for name in ("001.A/x.jpg", "images/001.A/x.y", "001.A\\x.png")], ["001.A/x", "001.A/x.y", "001.A/x"])


@unittest.skipUnless(BIN, "needs the programs")
class BesideShards(unittest.TestCase):
    def run_it(self, *arguments):
        done = subprocess.run([sys.executable, ROOT / "scripts/convert_embeddings.py", f"--bin={BIN}", f"--data={self.data}", *map(str, arguments)], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def test_of_a_packed_set(self):
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            make_data(BIN, work)
            self.data = work / "data"
            text = work / "drawn/text"
            pictures = [line.split()[1] for line in (work / "drawn/CUB_200_2011/images.txt").read_text().splitlines()]
            names = [picture.removesuffix(".jpg") for picture in pictures]
            counts = [sum(bool(line.strip()) for line in (text / f"{name}.txt").read_text().splitlines()) for name in names]
            vectors = [numpy.full((count, 3), i, numpy.float32) for i, count in enumerate(counts)]
            (work / "filenames.pickle").write_bytes(pickle.dumps(names, 2))
            (work / "e.pickle").write_bytes(pickle.dumps(vectors, 2))
            for split in ("train", "test"):
                code, said = self.run_it(f"--split={split}", work / "e.pickle", work / "filenames.pickle")
                self.assertEqual(code, 0, said)
                written = safetensors.numpy.load_file(self.data / f"embeddings.{split}.safetensors")["embeddings"]
                self.assertEqual(written.shape[1], 3)
                self.assertEqual(len(numpy.unique(written[:, 0])), len({row[0] for row in written.tolist()}))
            (work / "e.pickle").write_bytes(pickle.dumps(vectors[1:], 2))
            (work / "filenames.pickle").write_bytes(pickle.dumps(names[1:], 2))
            results = [self.run_it(f"--split={split}", work / "e.pickle", work / "filenames.pickle") for split in ("train", "test")]
            self.assertEqual(sorted(code for code, _ in results), [0, 1], "one split lacks a picture")
            said = next(said for code, said in results if code)
            self.assertIn(f"'{names[0]}' (0 vectors", said)


if __name__ == "__main__":
    buffer = io.StringIO()
    with contextlib.redirect_stdout(buffer):
        program = unittest.main(exit=False, argv=sys.argv[:1])
    sys.exit(not program.result.wasSuccessful())
