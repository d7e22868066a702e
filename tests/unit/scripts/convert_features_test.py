#!/usr/bin/env python3
"""scripts/convert_features.py, and scripts/converting.py which all converters share: damaged files, numbers that are no statistics, targets that cannot
be written. One line and code 1 (75: the disk), nothing half-written."""
import contextlib
import errno
import io
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import numpy
import safetensors.numpy

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))
import convert_features  # noqa: E402
import converting  # noqa: E402

MU, SIGMA = numpy.zeros(3), numpy.eye(3)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="helio features ")  # a blank, as users have it
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def convert(self, source, target, *options):
        """Exit code and complaint."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = convert_features.main([str(self.folder / source), str(self.folder / target) if target else "", *options])
        return code, said.getvalue()

    def refused(self, expected, source, target="out.safetensors", *options, code=1):
        before = sorted(self.folder.rglob("*"))
        got, said = self.convert(source, target, *(options or ["--judge=trunk x"]))
        self.assertEqual((got, said.count("\n")), (code, 1), said)
        self.assertIn(expected, said)
        self.assertEqual(sorted(self.folder.rglob("*")), before, "nothing is written")

    def npz(self, mu=MU, sigma=SIGMA):
        numpy.savez(self.folder / "in.npz", mu=mu, sigma=sigma)
        return "in.npz"

    def put(self, name, data):
        (self.folder / name).write_bytes(data)
        return name

    def rows(self, values):
        safetensors.numpy.save_file({"drawn": values}, self.folder / "in.safetensors", {"judge": "trunk x"})
        return "in.safetensors"


class Statistics(Case):
    def test_there_and_back(self):
        rows = numpy.random.default_rng(1).normal(size=(9, 3)).astype(numpy.float32)
        self.assertEqual(self.convert(self.rows(rows), "mid.npz"), (0, ""))
        self.assertEqual(self.convert("mid.npz", "OUT.SafeTensors", "--judge=trunk x"), (0, ""))
        found = safetensors.numpy.load_file(self.folder / "OUT.SafeTensors")
        numpy.testing.assert_allclose(found["sigma"], numpy.cov(rows, rowvar=False), atol=1e-6)

    def test_one_feature(self):
        self.assertEqual(self.convert(self.rows(numpy.arange(5, dtype=numpy.float32)[:, None]), "out.npz"), (0, ""))
        self.assertEqual(numpy.load(self.folder / "out.npz")["sigma"].shape, (1, 1))

    def test_what_is_no_statistics(self):
        for mu, sigma, expected in ((MU * numpy.nan, SIGMA, "'mu': not finite"), (MU, SIGMA.astype(complex), "'sigma': of type complex128"),
                                    (numpy.array(["a", "b", "c"]), SIGMA, "'mu': of type <U1"), (MU, SIGMA[:2], "has (3,) and (2, 3)"),
                                    (MU[:0], SIGMA[:0, :0], "needs 'mu' of d"), (MU, SIGMA + numpy.triu(SIGMA + 1, 1), "is not symmetric"),
                                    (MU, -SIGMA, "a variance below 0"), (MU, numpy.array([[None] * 3] * 3), "Object arrays cannot be loaded")):
            with self.subTest(expected):
                self.refused(expected, self.npz(mu, sigma))

    def test_what_is_no_features(self):
        for rows, expected in ((numpy.full((5, 3), numpy.nan, numpy.float32), "'drawn': not finite"), (numpy.zeros(5, numpy.float32), "is not rows of features"),
                               (numpy.zeros((5, 0), numpy.float32), "is not rows of features")):
            with self.subTest(expected):
                self.refused(expected, self.rows(rows), "out.npz")

    def test_damaged_and_wrong_files(self):
        whole = (self.folder / self.npz()).read_bytes()
        for cut in (40, len(whole) // 2):
            self.refused("cut.npz: ", self.put("cut.npz", whole[:cut]))
        with open(self.folder / "array.npz", "wb") as file:
            numpy.save(file, SIGMA)
        self.refused("holds one array", "array.npz")
        self.refused("No such file", "none.npz")
        self.refused("No such file", "none.safetensors", "out.npz")
        self.refused("is empty", self.put("empty.npz", b""))
        self.refused("is a page of HTML", self.put("page.npz", b"\n<!DOCTYPE html><html>quota exceeded</html>"))
        self.refused("a pointer of Git LFS", self.put("lfs.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "out.npz")
        self.refused("cut.safetensors: ", self.put("cut.safetensors", b"\x20" + b"\0" * 7 + b"{"), "out.npz")
        (self.folder / "folder.npz").mkdir()
        self.refused("Is a directory", "folder.npz")


class Targets(Case):
    def test_targets_that_cannot_be_written(self):
        self.refused("there is no folder", self.npz(), "none/out.safetensors")
        self.refused("must be one of .npz .safetensors", self.npz(), "out.safetensor")
        self.refused("name of the output is empty", self.npz(), "")
        self.refused("converts .safetensors to .npz", self.npz(), "out.npz")
        (self.folder / "taken.safetensors").mkdir()
        self.refused("is a folder", self.npz(), "taken.safetensors")

    def test_devices_and_pipes_stay(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        for path in ("/dev/null", str(pipe)):
            with self.assertRaisesRegex(converting.Problem, "would be replaced"):
                converting.write_file(path, b"x")
        self.assertTrue(pipe.is_fifo())

    def test_a_full_disk_loses_nothing(self):
        target = self.folder / "out.safetensors"
        target.write_bytes(b"before")
        source = self.npz()
        with mock.patch("os.fsync", side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))):
            self.refused("out.safetensors: No space left on device", source, code=75)
        self.assertEqual(target.read_bytes(), b"before")
        self.assertEqual(self.convert(source, "out.safetensors", "--judge=x"), (0, ""))
        self.assertNotEqual(target.read_bytes(), b"before")

    def test_a_link_stays_one(self):
        (self.folder / "link").symlink_to("real")
        converting.write_file(str(self.folder / "link"), b"x")
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertEqual((self.folder / "real").read_bytes(), b"x")


class Lines(Case):
    def test_of_every_system(self):
        for text in (b"a\nb b\n", b"\xef\xbb\xbfa\r\nb b\r\n\r\n", b"a\rb b"):
            self.assertEqual(converting.read_lines(self.folder / self.put("names.txt", text)), ["a", "b b"])
        for text, expected in ((b"a\n\xe9\n", "line 2 is not UTF-8"), ("a\n".encode("utf-16"), "it is UTF-16")):
            with self.assertRaisesRegex(converting.Problem, expected):
                converting.read_lines(self.folder / self.put("names.txt", text))


if __name__ == "__main__":
    unittest.main()
