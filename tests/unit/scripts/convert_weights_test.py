#!/usr/bin/env python3
"""scripts/convert_weights.py: both .pth formats, wrappers, prefixes, mismatches, the way back; and a legacy file of the
published RNN_ENCODER, converted and run in C++. Usage: convert_weights_test.py [encode_captions [unittest arguments]]"""
import collections
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest

import torch

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import convert_weights  # noqa: E402

REFERENCE = os.path.join(ROOT, "..", "shared", "reference")
ENCODE = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else None


def state():
    """One of every kind a file may hold: floats, a scalar counter, bfloat16, an empty tensor, a transposed view."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(3, 2, generator=generator)
    return collections.OrderedDict(weight=weight, bias=weight.t(), half=weight.bfloat16(), empty=torch.zeros(0, 4),
                                   num_batches_tracked=torch.tensor(7))


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def save(self, name, content, legacy=False):
        torch.save(content, self.path(name), _use_new_zipfile_serialization=not legacy)
        return self.path(name)

    def run_script(self, *arguments):
        """Exit status and the complaint."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            status = convert_weights.main(list(arguments))
        return status, said.getvalue()

    def converted(self, *arguments, out="out.safetensors"):
        status, said = self.run_script("--out", self.path(out), *arguments)
        self.assertEqual(status, 0, said)
        return convert_weights.read(self.path(out), None)

    def refuses(self, *arguments):
        status, said = self.run_script("--out", self.path("out.safetensors"), *arguments)
        self.assertEqual(status, 1)
        self.assertFalse(os.path.exists(self.path("out.safetensors")), "nothing is written")
        return said

    def assertSame(self, left, right):
        self.assertEqual(sorted(left), sorted(right))
        for name, tensor in left.items():
            self.assertEqual((tensor.dtype, tensor.shape), (right[name].dtype, right[name].shape), name)
            self.assertTrue(torch.equal(tensor, right[name]), name)


class ToSafetensors(Case):
    def test_both_formats(self):
        for legacy in (False, True):
            self.assertSame(self.converted(self.save("in.pth", state(), legacy)), state())

    def test_the_legacy_format_is_meant(self):
        with open(self.save("in.pth", state(), legacy=True), "rb") as file:
            self.assertNotEqual(file.read(2), b"PK")

    def test_data_parallel_prefix_goes(self):
        wrapped = {"module." + name: tensor for name, tensor in state().items()}
        self.assertSame(self.converted(self.save("in.pth", wrapped)), state())
        one_of_them = {"module.weight": torch.ones(1), "bias": torch.ones(1)}
        self.assertEqual(sorted(self.converted(self.save("in.pth", one_of_them))), sorted(one_of_them))

    def test_wrapped_dictionaries(self):
        wrapped = {"epoch": 3, "model": {"netG": {"module." + name: value for name, value in state().items()}}}
        self.assertSame(self.converted(self.save("in.pth", wrapped)), state())

    def test_mappings_that_hold_themselves(self):
        circle, deep = {"netG": state()}, {}
        circle["again"] = circle
        for _ in range(3000):
            deep = {"in": deep}
        self.assertEqual([path for path, _ in convert_weights.state_dicts(circle)], ["netG"])
        self.assertEqual(convert_weights.state_dicts(deep), [])

    def test_several_state_dicts_need_a_key(self):
        file = self.save("in.pth", {"netG": state(), "netD": {"weight": torch.ones(2)}})
        said = self.refuses(file)
        self.assertIn("netG, netD", said)
        self.assertSame(self.converted("--key", "netG", file), state())
        self.assertIn("under 'netE'", self.refuses_again("--key", "netE", file))

    def refuses_again(self, *arguments):
        os.remove(self.path("out.safetensors"))
        return self.refuses(*arguments)

    def test_prefixes_join_files(self):
        first, second = self.save("a.pth", {"x": torch.ones(1)}), self.save("b.pth", {"x": torch.zeros(1)})
        joined = self.converted(f"text_encoder.={first}", f"image_encoder.={second}")
        self.assertSame(joined, {"text_encoder.x": torch.ones(1), "image_encoder.x": torch.zeros(1)})
        os.remove(self.path("out.safetensors"))
        self.assertIn("comes twice", self.refuses(first, second))

    def test_layouts_of_torchvision(self):
        resnet = {"conv1.weight": torch.ones(1), "layer4.2.bn3.bias": torch.ones(2), "fc.bias": torch.ones(3)}
        names = self.converted("--layout", "torchvision-resnet152", "classifier.=" + self.save("r.pth", resnet))
        self.assertEqual(sorted(names), ["classifier.0.weight", "classifier.7.2.bn3.bias", "classifier.fc.bias"])
        inception = {"Mixed_5b.branch1x1.bn.bias": torch.ones(1), "AuxLogits.fc.bias": torch.ones(1)}
        names = self.converted("--layout", "torchvision-inception_v3", self.save("i.pth", inception))
        self.assertEqual(list(names), ["Mixed_5b.branch1x1.bn.bias"])


class Mismatches(Case):
    def test_all_are_listed(self):
        like = self.path("like.txt")
        with open(like, "w", encoding="utf-8") as file:
            file.write("# a network\nweight\t[3, 3]\tfloat32\nbias\t[2, 3]\tfloat32\ngone\t[1]\tfloat32\n"
                       "lost.weight\t[]\tfloat32\nbn.num_batches_tracked\t[]\tint64\n")
        said = self.refuses("--like", like, self.save("in.pth", state()))
        for line in ("6 tensors differ", "missing gone [1]", "missing lost.weight []", "unexpected half [3, 2]",
                     "weight is [3, 2], expected [3, 3]", "unexpected empty [0, 4]"):
            self.assertIn(line, said)
        self.assertNotIn("bn.num_batches_tracked", said)

    def test_a_fitting_file_passes(self):
        like = self.converted(self.save("in.pth", state()), out="like.safetensors")
        self.assertSame(self.converted("--like", self.path("like.safetensors"), self.save("in.pth", state())), like)


class Hostile(Case):
    def test_nothing_is_executed(self):
        trace = self.path("executed")

        class Evil:
            def __reduce__(self):
                return os.system, (f"touch {trace}",)

        for legacy in (False, True):
            said = self.refuses(self.save("in.pth", {"weight": torch.ones(1), "evil": Evil()}, legacy))
            self.assertIn("needs code", said)
        self.assertFalse(os.path.exists(trace))

    def test_a_whole_module_is_refused(self):
        self.assertIn("state_dict()", self.refuses(self.save("in.pth", torch.nn.Linear(1, 1))))

    def test_damaged_files_are_named(self):
        for legacy in (False, True):
            with open(self.save("in.pth", state(), legacy), "rb") as file:
                data = file.read()
            with open(self.path("cut.pth"), "wb") as file:
                file.write(data[:len(data) // 2])
            self.assertIn("cut.pth: ", self.refuses(self.path("cut.pth")))
        self.assertIn("no such file", self.refuses(self.path("absent.pth")))

    def test_what_a_download_left_is_named(self):
        for name, data, said in (("page.pth", b"<html>quota exceeded</html>", "is a page of HTML"), ("zero.pth", b"", "is empty"), ("text.pth", b"hello\n", "text.pth: cannot be read"),
                                 ("lfs.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
                                 ("other.pth", bytes(range(7, 100)), "cannot be read as PyTorch weights: Unsupported operand 7; it is damaged")):
            with open(self.path(name), "wb") as file:
                file.write(data)
            complaint = self.refuses(self.path(name))
            self.assertIn(said, complaint)
            self.assertNotIn("needs code", complaint)

    def test_inputs_that_are_no_files(self):
        self.assertIn("name of an input is empty", self.refuses(""))
        self.assertIn("is a folder", self.refuses(self.folder))

    def test_tensors_that_have_no_place(self):
        for value, said in ((torch.eye(2).to_sparse(), "sparse"), (torch.zeros(1, dtype=torch.complex64), "complex64"), (torch.zeros(1, device="meta"), "without numbers")):
            self.assertIn(said, self.refuses(self.save("in.pth", {"weight": value})))

    def test_equal_names_are_named(self):
        self.assertIn("'1' comes twice", self.refuses(self.save("in.pth", {1: torch.ones(1), "1": torch.zeros(1)})))
        both = self.save("in.pth", {"conv1.weight": torch.ones(1), "0.weight": torch.zeros(1)})
        self.assertIn("'0.weight' comes twice in the layout", self.refuses("--layout", "torchvision-resnet152", both))

    def test_what_is_not_finite_is_told(self):
        status, said = self.run_script("--out", self.path("out.safetensors"), self.save("in.pth", {"weight": torch.full((2,), torch.nan)}))
        self.assertEqual(status, 0)
        self.assertIn("1 tensors have numbers that are not finite, weight the first", said)


class Lists(Case):
    def test_lists_of_other_editors(self):
        for text in (b"\xef\xbb\xbf# a network\r\nweight [2,]\r\n", b"weight\t[ 2]".replace(b"[ ", b"[")):
            with open(self.path("like.txt"), "wb") as file:
                file.write(text)
            self.converted("--like", self.path("like.txt"), self.save("in.pth", {"weight": torch.ones(2)}))

    def test_lists_that_are_none(self):
        for text, said in ((b"weight [2,,2]\n", "like.txt:1: is not `name [shape]`"), (b"weight [2]\nb \xe9 []\n", "line 2 is not UTF-8"), (b"weight [2]\nweight [3]\n", "comes twice")):
            with open(self.path("like.txt"), "wb") as file:
                file.write(text)
            self.assertIn(said, self.refuses("--like", self.path("like.txt"), self.save("in.pth", {"weight": torch.ones(2)})))


class Outputs(Case):
    def test_outputs_that_cannot_be(self):
        source = self.save("in.pth", state())
        os.mkdir(self.path("taken.safetensors"))
        os.symlink("/dev/null", self.path("device.pth"))
        for out, said in (("none/out.safetensors", "there is no folder"), ("none/out.pth", "there is no folder"), ("taken.safetensors", "is a folder"),
                          ("device.pth", "is a device"), ("out.safetensor", "must be one of"), ("out", "must be one of")):
            before = sorted(os.listdir(self.folder))
            status, complaint = self.run_script("--out", self.path(out), source)
            self.assertEqual((status, complaint.count("\n")), (1, 1), complaint)
            self.assertIn(said, complaint)
            self.assertEqual(sorted(os.listdir(self.folder)), before, "nothing is written")
        self.assertIn("name of the output is empty", self.run_script("--out", "", source)[1])

    def test_an_input_stays(self):
        source = self.save("in.pth", {"epoch": 3, "netG": state()})
        os.symlink(source, self.path("link.pth"))
        with open(source, "rb") as content:
            before = content.read()
        for out in (source, self.path("link.pth")):
            status, complaint = self.run_script("--out", out, "netG.=" + source)
            self.assertEqual(status, 1)
            self.assertIn("is the input, too", complaint)
        with open(source, "rb") as content:
            self.assertEqual(content.read(), before)

    def test_suffixes_of_other_systems(self):
        self.assertSame(self.converted(self.save("in.pth", state()), out="OUT.SAFETENSORS"), state())
        self.assertSame(self.converted(self.path("OUT.SAFETENSORS"), out="out.PTH"), state())


class Back(Case):
    def test_round_trip(self):
        file = self.save("in.pth", state())
        self.converted("netG.=" + file)
        for legacy in ([], ["--legacy"]):
            back = self.converted(*legacy, self.path("out.safetensors") + ":netG.", out="back.pth")
            self.assertSame(back, state())
        with open(self.path("back.pth"), "rb") as content:
            self.assertNotEqual(content.read(2), b"PK", "--legacy")


class PublishedEncoder(Case):
    """The real format: a legacy .pth of RNN_ENCODER, converted, gives the published code's features."""

    def port(self, kind):
        sys.path.insert(0, REFERENCE)
        from peer.text import TextEncoder
        torch.manual_seed(3)
        encoder = TextEncoder(97, inputs=300, embedding=256, kind=kind).eval()
        with torch.no_grad():
            encoder.encoder.weight.normal_(0, 0.7)  # published ones are trained: words must matter
        return encoder

    def published(self, encoder, captions, lengths):
        with torch.no_grad():
            return encoder(captions, lengths)

    @unittest.skipUnless(ENCODE, "needs the encode_captions program")
    @unittest.skipUnless(os.path.isdir(REFERENCE), "no ../shared/reference")
    def test_features_are_equal(self):
        lengths = torch.tensor([18, 11, 7, 1])
        captions = torch.randint(1, 97, (4, 18), generator=torch.Generator().manual_seed(4))
        captions *= torch.arange(18) < lengths[:, None]
        convert_weights.write(self.path("in.safetensors"), {"captions": captions, "lengths": lengths}, [], legacy=False)
        for kind in ("LSTM", "GRU"):
            encoder = self.port(kind)
            words, sentence = self.published(encoder, captions, lengths)
            self.converted(self.save("text_encoder200.pth", encoder.state_dict(), legacy=True), out="w.safetensors")
            subprocess.run([ENCODE, self.path("w.safetensors"), self.path("in.safetensors"),
                            self.path("features.safetensors")], check=True)
            ours = convert_weights.read(self.path("features.safetensors"), None)
            worst = max((ours["words"] - words).abs().max().item(), (ours["sentence"] - sentence).abs().max().item())
            print(f"{kind}: largest difference to the published code {worst:.1e}")
            self.assertLess(worst, 1e-5)


if __name__ == "__main__":
    unittest.main()
