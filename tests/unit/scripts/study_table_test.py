#!/usr/bin/env python3
"""scripts/study_table: shares and deviations of answers that are known, and files that do not belong together."""
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
loader = importlib.machinery.SourceFileLoader("study_table", str(ROOT / "scripts/study_table"))
study_table = importlib.util.module_from_spec(importlib.util.spec_from_loader("study_table", loader))
loader.exec_module(study_table)


def answers(participant, firsts, runs=("ours", "theirs"), question="authenticity", captions=None):
    """A file in which the runs of `firsts` won one group each."""
    ranked = [[first, *(run for run in runs if run != first)] for first in firsts]
    return {"format_version": 1, "study": "heliograph", "participant": participant, "runs": list(runs),
            "answers": [{"question": question, "caption": (captions or "abcdefgh")[i], "noise": 1, "shown": list(runs), "ranking": ranking} for i, ranking in enumerate(ranked)]}


def with_answer(**changes):
    """A file whose only answer is changed so."""
    value = answers("a", ["ours"])
    value["answers"][0].update(changes)
    return value


class StudyTable(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="helio_study_")
        self.addCleanup(self.folder.cleanup)

    def run_on(self, *values, flags=()):
        """Exit status, and what was said on both streams."""
        files = []
        for number, value in enumerate(values):
            files.append(pathlib.Path(self.folder.name) / f"{number}.json")
            files[-1].write_text(value if isinstance(value, str) else json.dumps(value))
        out, err = io.StringIO(), io.StringIO()
        sys.argv = ["study_table", *map(str, files), *flags]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = study_table.main()
        return status, out.getvalue(), err.getvalue()

    def test_a_mark_at_the_beginning_is_no_damage(self):
        status, out, err = self.run_on("\ufeff" + json.dumps(answers("a", ["ours"])))
        self.assertEqual((status, err), (0, ""))

    def test_shares_and_deviations(self):
        status, out, _ = self.run_on(answers("a", ["ours", "ours", "ours", "theirs"]), answers("b", ["ours", "theirs", "theirs", "theirs"]), flags=["--json"])
        self.assertEqual(status, 0)
        said = json.loads(out)
        self.assertEqual((said["participants"], said["groups"]), (2, 4))
        ours = said["runs"]["ours"]["authenticity"]
        self.assertAlmostEqual(ours["first"]["mean"], 0.5)
        self.assertAlmostEqual(ours["first"]["deviation"], 0.5 / 2 ** 0.5)  # of 0.75 and 0.25, n - 1
        self.assertAlmostEqual(ours["rank"]["mean"], 1.5)
        self.assertAlmostEqual(sum(run["authenticity"]["first"]["mean"] for run in said["runs"].values()), 1)

    def test_three_runs_and_one_participant(self):
        status, out, _ = self.run_on(answers("a", ["x", "y", "x"], runs=("x", "y", "z")))
        self.assertEqual(status, 0)
        self.assertIn("| x | 66.7 ± 0.0 % | 1.33 ± 0.00 |", out)
        self.assertIn("| z | 0.0 ± 0.0 % | 3.00 ± 0.00 |", out)
        self.assertIn("1 participants, 3 groups", out)

    def test_both_questions(self):
        both = answers("a", ["ours"])
        both["answers"] += answers("a", ["theirs"], question="consistency")["answers"]
        status, out, _ = self.run_on(both)
        self.assertEqual(status, 0)
        self.assertIn("looks most real: 1st rank | mean rank | fits the sentence best: 1st rank | mean rank", out)
        self.assertIn("| ours | 100.0 ± 0.0 % | 1.00 ± 0.00 | 0.0 ± 0.0 % | 2.00 ± 0.00 |", out)

    def test_bad_files(self):
        good, twice = answers("a", ["ours"]), answers("b", ["ours"])
        twice["answers"][0]["ranking"] = ["ours", "ours"]
        other = answers("b", ["ours"])
        other["answers"][0]["question"] = "beauty"
        for files, expected in ((["{"], "cannot be read"), ([{"a": 1}], "no file of answers"), ([dict(good, format_version=2)], "format_version 2"),
                                ([dict(good, answers=[])], "lacks"), ([good, twice], "does not rank every run once"), ([good, other], "unknown question"),
                                ([good, answers("a", ["ours"])], "answered in"), ([good, answers("b", ["x"], runs=("x", "y"))], "another study"),
                                ([good, answers("b", ["ours"], captions="z")], "another study"), (["[" * 100000], "cannot be read"),
                                ([with_answer(question=[])], "unknown question []"), ([with_answer(question=None)], "unknown question None"),
                                ([dict(good, participant=[1])], "participant is no text: [1]"), ([dict(good, study_id={})], "study_id is no text: {}"),
                                ([dict(with_answer(ranking=["1", "2"]), runs=[1, 2])], "runs are not names, each once: [1, 2]"),
                                ([dict(good, runs=[["a"], ["b"]])], "runs are not names"),
                                ([with_answer(ranking=[1, ["ours"]])], "does not rank every run once"),
                                ([dict(with_answer(ranking=["a", "a"]), runs=["a", "a"])], "runs are not names, each once: ['a', 'a']"),
                                ([with_answer(caption=[])], "odd caption []"), ([with_answer(noise={})], "odd noise {}"),
                                ([with_answer(seed="1")], "odd seed '1'")):
            status, _, err = self.run_on(*files)
            self.assertEqual(status, 1, expected)
            self.assertIn(expected, err)
            self.assertEqual(err.count("\n"), 1, "one line")

    def test_answers_of_other_pictures_are_of_another_study(self):
        """Answers without a study_id, of older pages, go with any."""
        of = lambda participant, pictures: dict(answers(participant, ["ours"]), study_id=pictures)
        self.assertEqual(self.run_on(of("a", "1"), of("b", "1"), answers("c", ["ours"]))[0], 0)
        for files in ((of("a", "1"), of("b", "2")), (answers("c", ["ours"]), of("a", "1"), of("b", "2"))):
            status, _, err = self.run_on(*files)
            self.assertEqual(status, 1)
            self.assertIn("other pictures (study_id)", err)

    def test_groups_of_two_seeds_are_two(self):
        both = answers("a", ["ours", "ours"], captions="aa")
        for seed, answer in enumerate(both["answers"]):
            answer["seed"] = seed
        self.assertIn("1 participants, 2 groups", self.run_on(both)[1])


if __name__ == "__main__":
    unittest.main()
