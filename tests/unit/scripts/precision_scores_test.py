#!/usr/bin/env python3
"""scripts/precision_scores: what is within a deviation, and which programs it calls, with programs that only write scores."""
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
loader = importlib.machinery.SourceFileLoader("precision_scores", str(ROOT / "scripts/precision_scores"))
precision_scores = importlib.util.module_from_spec(importlib.util.spec_from_loader("precision_scores", loader))
loader.exec_module(precision_scores)

# Notes its flags; as helio-eval writes scores: those of bfloat16 are lower by LOWER.
PROGRAM = """#!/usr/bin/env python3
import json, os, pathlib, sys
flags = dict(flag[2:].split("=", 1) for flag in sys.argv[1:])
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps([pathlib.Path(sys.argv[0]).name, flags]) + "\\n")
if sys.argv[0].endswith("eval"):
    value = 0.5 - float(os.environ["LOWER"]) * ("bfloat16" in flags["checkpoint"])
    out = pathlib.Path(flags["out"])
    out.mkdir(parents=True)
    score = {"value": value, "deviation": 0.02}
    (out / "summary.json").write_text(json.dumps({"generated": {name: score for name in ("r_precision_top1", "colour_part_accuracy", "inception_score")}}))
"""


def scores(*values, deviation=0.0):
    return [{"value": value, "deviation": deviation} for value in values]


class PrecisionScores(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="helio_precision_scores_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "bin").mkdir()
        for name in ("helio-train", "helio-eval"):
            (self.folder / "bin" / name).write_text(PROGRAM)
            (self.folder / "bin" / name).chmod(0o755)
        self.calls = self.folder / "calls"

    def run_it(self, lower, *flags):
        os.environ.update(CALLS=str(self.calls), LOWER=str(lower))
        sys.argv = ["precision_scores", f"--from={self.folder}/quick", f"--out={self.folder}/out", f"--bin={self.folder}/bin", *flags]
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return precision_scores.main(), said.getvalue()

    def called(self):
        return [json.loads(line) for line in self.calls.read_text().splitlines()]

    def make_source(self):
        for name in ("synth", "pack", "classifier", "damsm", "captioner"):
            (self.folder / "quick" / name).mkdir(parents=True)

    def test_the_larger_deviation_decides(self):
        full, rounded, difference, deviation = precision_scores.compare(scores(1.0, 3.0), scores(1.5, 3.5, deviation=0.2))
        self.assertEqual((full, rounded, difference), (2.0, 2.5, 0.5))
        self.assertAlmostEqual(deviation, 2 ** 0.5)
        self.assertEqual(precision_scores.compare(scores(1.0, deviation=0.3), scores(1.5, deviation=0.1))[3], 0.2)

    def test_each_seed_is_trained_and_judged_in_both_precisions_once(self):
        self.make_source()
        code, said = self.run_it(0.01, "--seeds=1,2", "--steps=7")
        self.assertEqual((code, said.count("| yes |")), (0, 3), said)
        trained = [flags for program, flags in self.called() if program == "helio-train"]
        self.assertEqual([(flags["precision"], flags["seed"], flags["steps"]) for flags in trained],
                         [(precision, seed, "7") for precision in ("float32", "bfloat16") for seed in ("1", "2")])
        self.assertEqual(len(self.called()), 8)
        self.run_it(0.01, "--seeds=1,2", "--steps=7")
        self.assertEqual(len(self.called()), 8)

    def test_runs_of_other_flags_are_not_taken_for_these(self):
        self.make_source()
        self.run_it(0.01, "--seeds=1", "--steps=7")
        said = io.StringIO()
        with self.assertRaises(SystemExit) as end, contextlib.redirect_stderr(said):
            self.run_it(0.01, "--seeds=1", "--steps=8")
        self.assertEqual((end.exception.code, len(self.called())), (2, 4))

    def test_scores_that_are_farther_are_told(self):
        self.make_source()
        code, said = self.run_it(0.03, "--seeds=1")
        self.assertEqual((code, said.count("| **no** |")), (1, 3), said)

    def test_a_source_that_is_none(self):
        code, said = self.run_it(0)
        self.assertEqual(code, 2)
        self.assertIn("quick has no synth: is it what scripts/quickstart has made? (--from)", said)


if __name__ == "__main__":
    unittest.main()
