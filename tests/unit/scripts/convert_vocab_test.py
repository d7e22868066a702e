#!/usr/bin/env python3
"""scripts/convert_vocab.py: every protocol, Python 2's strings, damaged line ends, hostile and wrong pickles."""
import contextlib
import io
import json
import os
import pickle
import re
import sys
import tempfile
import unittest
import warnings
from unittest import mock

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import convert_vocab  # noqa: E402

REAL = os.path.join(ROOT, "..", "shared", "data")
# Long enough that memo indices and lengths run through 10, 13 and 0x0a0d, the bytes that line-end damage changes.
WORDS = ["<end>"] + [f"word{number}" for number in range(3000)] + ["ten_letter", "thirteen_long"]


def captions():
    """AttnGAN's content; every word a string of its own, as the memo of a real file has it."""
    train = [[number % 40, 10, 13] for number in range(1, 60)]
    return [train, [[2560, 2573]], dict(enumerate(WORDS)), {word: i for i, word in enumerate(WORDS)}]


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        fast = mock.patch("os.fsync")  # hundreds of files here
        fast.start()
        self.addCleanup(fast.stop)

    def convert(self, data):
        """Exit status, output text or None, and the complaint."""
        source, out = os.path.join(self.folder, "in.pickle"), os.path.join(self.folder, "out")
        with open(source, "wb") as file:
            file.write(data)
        complaint = os.path.join(self.folder, "complaint")
        stderr, stdout = sys.stderr, sys.stdout
        with open(complaint, "w", encoding="utf-8") as sys.stderr, open(os.devnull, "w") as sys.stdout:
            try:
                status = convert_vocab.main([source, out])
            finally:
                sys.stderr.close()
                sys.stderr, sys.stdout = stderr, stdout
        with open(complaint, encoding="utf-8") as file:
            said = file.read()
        if not os.path.exists(out):
            return status, None, said
        with open(out, encoding="utf-8") as file:
            return status, file.read(), said

    def words(self, data):
        status, text, said = self.convert(data)
        self.assertEqual(status, 0, said)
        return json.loads(text)["words"]

    def refuses(self, data, expected):
        status, text, said = self.convert(data)
        self.assertEqual((status, text), (1, None))
        self.assertIn(expected, said)
        self.assertEqual(said.count("\n"), 1, "one line")


class Captions(Case):
    def test_every_protocol(self):
        for protocol in range(5):
            with self.subTest(protocol):
                self.assertEqual(self.words(pickle.dumps(captions(), protocol)), WORDS)

    def test_lf_to_crlf_damage_is_mended(self):
        for protocol in range(5):
            with self.subTest(protocol):
                damaged = pickle.dumps(captions(), protocol).replace(b"\n", b"\r\n")
                self.assertEqual(self.words(damaged), WORDS)

    def test_damage_that_left_real_crlf_alone_is_mended(self):
        whole = pickle.dumps(captions(), 2)
        self.assertIn(b"\r\n", whole)
        self.assertEqual(self.words(re.sub(rb"(?<!\r)\n", b"\r\n", whole)), WORDS)

    def test_python_2_strings(self):
        """As Python 2 wrote str: protocol 0 quoted with escapes, protocol 2 counted bytes."""
        text = b"((lp0\n(lp1\n(dp2\nI0\nS'<end>'\np3\nsI1\nS'b\\x69rd'\np4\ns(dp5\ng3\nI0\nsS'bird'\np6\nI1\nstp7\n."
        self.assertEqual(self.words(text), ["<end>", "bird"])
        self.assertEqual(self.words(text.replace(b"\n", b"\r\n")), ["<end>", "bird"])
        counted = b"\x80\x02](](]K\x00ae]}(K\x00U\x05<end>q\x01K\x01U\x04birdq\x02u}(h\x01K\x00h\x02K\x01ue."
        self.assertEqual(self.words(counted), ["<end>", "bird"])

    def test_wrong_content_is_named(self):
        train, test, ixtoword, wordtoix = captions()
        hole = {number: word for number, word in ixtoword.items() if number != 7}
        for value, complaint in (([train, test, hole, wordtoix], "none of number 7"),
                                 ([train, test, ixtoword, {**wordtoix, "word1": 1}], "not the inverse"),
                                 ([[[9999]], test, ixtoword, wordtoix], "train caption 0"),
                                 ([train, test, {0: "bird"}, {"bird": 0}], "not '<end>'"),
                                 ({"words": 1}, "holds neither")):
            with self.subTest(complaint):
                self.refuses(pickle.dumps(value, 2), complaint)

    def test_truncation_anywhere_is_refused(self):
        whole = pickle.dumps([[], [], {0: "<end>", 1: "bird"}, {"<end>": 0, "bird": 1}], 2)
        self.refuses(b"", "is empty")
        for end in range(1, len(whole)):
            self.refuses(whole[:end], "damaged")

    def test_flipped_bytes_never_crash(self):
        whole = pickle.dumps([[[1]], [], {0: "<end>", 1: "bird"}, {"<end>": 0, "bird": 1}], 2)
        for position in range(len(whole)):
            for value in (0, 0x28, 0x52, 0x63, 0x7d, 0xff):
                status, _, _ = self.convert(whole[:position] + bytes([value]) + whole[position + 1:])
                self.assertIn(status, (0, 1))


class Files(Case):
    def test_what_a_download_left_is_named(self):
        self.refuses(b"<!DOCTYPE html>", "is a page of HTML")
        self.refuses(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS")

    def test_an_input_stays(self):
        source = os.path.join(self.folder, "list.pickle")
        data = pickle.dumps(["a", "b"])
        with open(source, "wb") as file:
            file.write(data)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(convert_vocab.main([source, source]), 1)
        self.assertIn("is the input, too", said.getvalue())
        with open(source, "rb") as file:
            self.assertEqual(file.read(), data)

    def test_half_a_surrogate_is_no_text(self):
        self.refuses(pickle.dumps(["a\ud800"], 0), "surrogates not allowed")

    def test_outputs_that_cannot_be(self):
        source = os.path.join(self.folder, "in.pickle")
        with open(source, "wb") as file:
            file.write(pickle.dumps(["a"]))
        for out, said in (("none/out.txt", "there is no folder"), (".", "is a folder")):
            complaint = io.StringIO()
            with contextlib.redirect_stderr(complaint):
                self.assertEqual(convert_vocab.main([source, os.path.join(self.folder, out)]), 1)
            self.assertIn(said, complaint.getvalue())
        self.assertEqual(os.listdir(self.folder), ["in.pickle"])


class Hostile(Case):
    def test_values_of_another_kind_than_an_instruction_needs(self):
        for data in (b"cnumpy\ndtype\n(]tR.", b"cnumpy.core.multiarray\nscalar\nNR.", b"]]\x93.", b"cnumpy\ndtype\n(S'i4'\ntR(K\x01Ntb."):
            self.assertEqual(self.convert(data)[0], 1)

    def test_tuples_in_tuples_without_end(self):
        deep = b"N" + b"\x85" * 400000
        self.refuses(b"}(" + deep + b"K\x01u.", "a key that is neither text nor a number")
        self.refuses(deep + b")R.", "calls a tuple, which is refused")

    def test_nothing_is_executed(self):
        trace = os.path.join(self.folder, "executed")

        class Evil:
            def __reduce__(self):
                return os.system, (f"touch {trace}",)

        for protocol in range(5):
            with self.subTest(protocol):
                self.refuses(pickle.dumps([Evil()], protocol), "system, which is refused")
        self.assertFalse(os.path.exists(trace))

    def test_other_ways_to_call_are_refused(self):
        for data in (b"(S'ls'\nios\nsystem\n.", b"(cos\nsystem\nS'ls'\no.", b"\x80\x02cos\nsystem\n)\x81.",
                     b"\x82\x01.", b"P1\n.", b"\x80\x02cos\nsystem\nq\x01}b."):
            with self.subTest(data):
                self.refuses(data, "refused" if b"}b" not in data else "damaged")


class Lists(Case):
    def test_names(self):
        names = ["002.Laysan_Albatross/Laysan_Albatross_0002_1027", "a/b"]
        for protocol in range(5):
            status, text, said = self.convert(pickle.dumps(names, protocol))
            self.assertEqual((status, text), (0, "\n".join(names) + "\n"), said)

    def test_name_with_a_line_end_is_refused(self):
        self.refuses(pickle.dumps(["a\nb"], 2), "line end")

    @unittest.skipUnless(os.path.isdir(REAL), "no ../shared/data")
    def test_real_files(self):
        for name, lines in (("cub/train/filenames", 8855), ("cub/test/filenames", 2933),
                            ("cub/train/class_info", 8855), ("cub/test/class_info", 2933)):
            with open(os.path.join(REAL, name + ".pickle"), "rb") as file:
                data = file.read()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                truth = pickle.loads(data, encoding="latin-1")  # our own trusted copy
            for version in (data, data.replace(b"\n", b"\r\n")):
                status, text, said = self.convert(version)
                self.assertEqual((status, len(text.splitlines())), (0, lines), said)
                self.assertEqual(text.splitlines(), [str(entry) for entry in truth])

    @unittest.skipUnless(os.path.isdir(REAL), "no ../shared/data")
    def test_real_captions(self):
        with open(os.path.join(REAL, "attngan_pickle", "captions.pickle"), "rb") as file:
            data = file.read()
        truth = pickle.loads(data)[2]
        for version in (data, data.replace(b"\n", b"\r\n")):
            self.assertEqual(self.words(version), [truth[i] for i in range(len(truth))])


if __name__ == "__main__":
    unittest.main()
