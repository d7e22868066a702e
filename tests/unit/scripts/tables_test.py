"""scripts/tables: its stages are commands that the programs know, its records and tables say what the evaluations said."""
import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))
from tables_parts import records, rows  # noqa: E402


def settings_of(name):
    """The digest of a row's settings with the usual budget."""
    row = next(row for row in rows.read_rows(ROOT / "configs/tables/birds.json") if row.name == name)
    return records.settings_of(argparse.Namespace(base=ROOT / "configs/tables/birds.pipeline", images=1000, pictures=25600), row)


def tables(work, *arguments):
    command = [sys.executable, str(ROOT / "scripts/tables"), f"--out={work}/out", f"--records={work}/records", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def scored(work, run, r_precision, inception, protocol="none"):
    """As if that run had been trained and judged."""
    folder = work / f"out/{run}-scores"
    folder.mkdir(parents=True)
    score = lambda value: {"value": value, "deviation": 0.01, "protocol": protocol}  # noqa: E731
    found = {"r_precision_top1": score(r_precision), "colour_part_accuracy": score(r_precision / 2), "inception_score": score(inception)}
    (folder / "summary.json").write_text(json.dumps({"generated": found, "real": {"real_r_precision_top1": score(0.8)}}))
    (work / "out/settings").mkdir(exist_ok=True)
    (work / f"out/settings/{run}.txt").write_text(settings_of(run.split("-")[0]))
    training = work / "out" / run
    training.mkdir()
    (training / "run.flags").write_text("--recipe=any\n--noflip\n--steps=1600\n--batch=16\n")
    speeds = (90, 100, 30, 110, 100)  # something else ran beside it
    (training / "metrics.jsonl").write_text("".join(json.dumps({"step": step, "images_per_second": speed}) + "\n" for step, speed in enumerate(speeds)) + '{"step": 5}\n')


class Tables(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="helio_tables_")
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)

    def test_means_and_order(self):
        for run, r_precision, inception in (("mirrorgan-s1", 0.7, 28), ("mirrorgan-s2", 0.6, 26), ("attngan-s1", 0.5, 25), ("stackgan_pp-s1", 0.2, 29)):
            scored(self.work, run, r_precision, inception)
        done = tables(self.work, "--report")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = (self.work / "out/tables.md").read_text()
        self.assertIn("| MirrorGAN | 2 | 0.650 ± 0.071 | 0.325 ± 0.035 | 27.00 ± 1.41 | 100 | 4.3 | 4.56 | 0.577 |", text)
        self.assertIn("| StackGAN++ | 1 | 0.200 | 0.100 | 29.00 |", text)
        self.assertIn("Spearman's correlation -0.50 over 3 rows", text)  # the papers': ++ < AttnGAN < MirrorGAN; ours: AttnGAN < MirrorGAN < ++
        self.assertIn("every system sees 25,600 pictures", text)
        self.assertIn("Real pictures: R-precision 0.800", text)
        record = json.loads((self.work / "records/attngan-s1.json").read_text())
        self.assertEqual((record["seed"], record["generated"]["r_precision_top1"]["value"], record["seconds"]), (1, 0.5, 256))

    def test_ablations_stand_beside_their_own_tables_figures(self):
        for run, r_precision in (("mirrorgan-s1", 0.7), ("attngan-s1", 0.8), ("mirrorgan_lambda5-s1", 0.6), ("mirrorgan_no_global-s1", 0.5)):
            scored(self.work, run, r_precision, 28)
        self.assertEqual(tables(self.work, "--report").returncode, 0)
        main, ablations = (self.work / "out/tables.md").read_text().split("## Ablations")
        for system, first, second in (("MirrorGAN", "4.56 | 0.577", "4.30 | 0.432"), ("AttnGAN", "4.36 | 0.533", "4.36 | 0.678")):
            self.assertRegex(main, rf"\| {system} \|.*\| {re.escape(first)} \|")
            self.assertRegex(ablations, rf"\| {system} \|.*\| {re.escape(second)} \|")
        self.assertRegex(ablations, r"without global attention, lambda 10 \|.* \|  \|  \|")  # the paper has it with 20 alone
        self.assertIn("Spearman's correlation 1.00 over 3 rows", ablations)

    def test_pictures_are_of_the_first_seed(self):
        for seed in (1, 2):
            scored(self.work, f"mirrorgan-s{seed}", 0.7, 28)
            (self.work / f"out/mirrorgan-s{seed}-pictures").mkdir()
            (self.work / f"out/mirrorgan-s{seed}-pictures/picture.png").write_text(f"seed {seed}")
        for seeds in ("1,2", "2"):
            self.assertEqual(tables(self.work, "--report", f"--seeds={seeds}").returncode, 0)
            self.assertEqual((self.work / "records/mirrorgan.png").read_text(), "seed 1")
        self.assertIn("![MirrorGAN](records/mirrorgan.png)", (self.work / "out/tables.md").read_text())

    def test_equal_time(self):
        scored(self.work, "mirrorgan-s1", 0.7, 28)
        self.assertEqual(tables(self.work, "--report").returncode, 0)
        shown = tables(self.work, "--rows=mirrorgan", "--seeds=1", "--minutes=8", "--print")  # 100 pictures/s
        self.assertIn("--batch=16 --steps=3000 --seed=1", shown.stdout, shown.stderr)
        unknown = tables(self.work, "--rows=attngan", "--minutes=8", "--print")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("the speed of 'attngan' is not known yet", unknown.stderr)
        some = tables(self.work, "--rows=main", "--seeds=1", "--minutes=8", "--print")
        self.assertIn("mirrorgan-s1-8min", some.stdout, some.stderr)
        self.assertIn("tables: attngan: left out: its speed is not known yet", some.stderr)
        scored(self.work, "mirrorgan-s1-8min", 0.6, 27)
        self.assertEqual(tables(self.work, "--report", "--minutes=8").returncode, 0)
        text = (self.work / "out/tables.md").read_text()
        self.assertIn("## 8 minutes each", text)
        self.assertEqual(text.count("| MirrorGAN | 1 | 0.700 |"), 1, text)
        self.assertIn("| MirrorGAN | 1 | 0.600 |", text)

    def test_what_has_a_record_is_not_made_again(self):
        scored(self.work, "mirrorgan-s1", 0.7, 28)
        self.assertEqual(tables(self.work, "--report").returncode, 0)
        shown = tables(self.work, "--seeds=1,2", "--print").stdout
        self.assertIn("attngan-s1", shown)
        self.assertIn("mirrorgan-s2", shown)
        self.assertNotIn("mirrorgan-s1", shown)
        for again in (["--rows=mirrorgan"], ["--pictures=3200"]):  # named; another budget
            self.assertIn("mirrorgan-s1", tables(self.work, "--seeds=1", "--print", *again).stdout)

    def test_an_older_result_is_not_taken_for_todays(self):
        scored(self.work, "mirrorgan-s1", 0.7, 28)
        (self.work / "out/settings/mirrorgan-s1.txt").write_text("those of last week")
        self.assertEqual(tables(self.work, "--report").returncode, 0)
        self.assertIn("mirrorgan-s1", tables(self.work, "--seeds=1", "--print").stdout, "its record says that it is last week's")
        nowhere = self.work / "nowhere.pipeline"  # a run that ends at once
        nowhere.write_text("[pipeline]\nout = none\nbin = /nowhere\n")
        self.assertNotEqual(tables(self.work, "--rows=mirrorgan", "--seeds=1", f"--base={nowhere}").returncode, 0)
        self.assertFalse((self.work / "out/mirrorgan-s1-scores/summary.json").exists())

    def test_records_of_other_settings_are_left_out(self):
        for seed, r_precision in ((1, 0.7), (2, 0.3), (3, 0.5)):
            scored(self.work, f"mirrorgan-s{seed}", r_precision, 28)
        (self.work / "out/settings/mirrorgan-s2.txt").write_text("those of last week")
        scored(self.work, "mirrorgan-s1-8min", 0.6, 27)
        (self.work / "out/settings/mirrorgan-s1-8min.txt").write_text("those of last week")
        self.assertEqual(tables(self.work, "--report", "--minutes=8").returncode, 0)
        done = tables(self.work, "--report")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.splitlines(), ["tables: mirrorgan: 1 records of other settings are left out",
                                                    "tables: mirrorgan: 1 records of 8 minutes of other settings are left out"])
        text = (self.work / "out/tables.md").read_text()
        self.assertIn("| MirrorGAN | 2 | 0.600 ± 0.141 |", text)
        self.assertNotIn("8 minutes each", text)

    def test_stages_are_commands(self):
        shown = tables(self.work, "--rows=main,ablations", "--seeds=7", "--pictures=3200", "--print")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        known = set(re.findall(r"^\| `--(\w+)`", (ROOT / "docs/options.md").read_text(), re.M)) | {"flagfile"}
        words = [word for line in shown.stdout.splitlines() if "helio-" in line for word in shlex.split(line.split("helio-", 1)[1]) if word.startswith("--")]
        unknown = {word for word in (re.match(r"--(\w+)", word)[1] for word in words) if word not in known and word.removeprefix("no") not in known}
        self.assertEqual(unknown - {"facing", "source", "root", "side"}, set())
        self.assertIn("--steps=100 --seed=7", shown.stdout)  # 3,200 pictures, batch 32
        self.assertIn("--n=1 --seed=1 --box=0.1,0.2,0.8,0.6", shown.stdout)

    def test_the_harder_set_has_the_same_rows(self):
        shown = tables(self.work, f"--base={ROOT}/configs/tables/scenes.pipeline", "--seeds=7", "--print")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("--scene --side=152", shown.stdout)
        self.assertIn("--crop=none", shown.stdout)
        self.assertEqual(re.findall(r"^# (\w+)-s7$", shown.stdout, re.M), ["gan_int_cls", "gawwn", "stackgan", "stackgan_pp", "attngan", "mirrorgan"])

    def test_runs_of_other_encoders_are_named(self):
        for seed, digest in ((1, "a" * 12), (2, "a" * 12), (3, "b" * 12)):
            scored(self.work, f"mirrorgan-s{seed}", 0.7, 28, protocol=f"N=1000 judge=DAMSM {digest}; of test")
        self.assertEqual(tables(self.work, "--report").returncode, 0)
        self.assertIn("trained apart from the rest's: mirrorgan, seed 3.\n", (self.work / "out/tables.md").read_text())

    def trial(self, name, score):
        folder = self.work / "records/trials"
        folder.mkdir(parents=True, exist_ok=True)
        trials = rows.Trials(**json.loads(records.ROWS.read_text())["trials"])
        row = next(row for row in rows.trial_rows(rows.read_rows(records.ROWS), trials) if row.name == name)
        settings = records.settings_of(argparse.Namespace(base=ROOT / "configs/tables/birds.pipeline", images=trials.images, pictures=trials.pictures), row)
        (folder / f"{name}-s7.json").write_text(json.dumps({"settings": settings, "generated": {trials.judge: {"value": score}}}))

    def test_rows_take_the_rates_of_the_best_trial(self):
        for name, score in (("mirrorgan-preset", 0.3), ("mirrorgan-slow_d", 0.4), ("attngan-preset", 0.5), ("attngan-published", 0.2)):
            self.trial(name, score)
        shown = {row: tables(self.work, f"--rows={row}", "--seeds=1", "--print").stdout for row in ("mirrorgan", "mirrorgan_plain", "attngan", "stackgan")}
        for row in ("mirrorgan", "mirrorgan_plain"):  # an ablation has its system's
            self.assertIn("--g_rate=1e-3 --d_rate=1e-4", shown[row])
        for row in ("attngan", "stackgan"):  # the preset's; no trial
            self.assertNotIn("_rate=", shown[row])
        scored(self.work, "attngan-s1", 0.5, 25)
        self.assertEqual(tables(self.work, "--report").returncode, 0)
        self.assertIn("| MirrorGAN | 0.300 | - | **0.400** |", (self.work / "out/tables.md").read_text())

    def test_equal_time_has_the_trials_too(self):
        self.trial("attngan-slow_d", 0.4)
        scored(self.work, "mirrorgan-s1", 0.7, 28)
        self.assertEqual(tables(self.work, "--report", "--minutes=8").returncode, 0)
        self.assertIn("## Trials", (self.work / "out/tables.md").read_text())
        self.trial("mirrorgan-slow_d", 0.4)  # and now the record is another row's
        shown = tables(self.work, "--rows=mirrorgan", "--seeds=1", "--minutes=8", "--print")
        self.assertIn("the speed of 'mirrorgan' is not known yet", shown.stderr)

    def test_trials_are_equally_many_of_each_system(self):
        shown = tables(self.work, "--trials", "--print").stdout
        trained = re.findall(r"^# (\w+)-(\w+)-s7$", shown, re.M)
        self.assertEqual({system for system, _ in trained}, {"gan_int_cls", "gawwn", "stackgan", "stackgan_pp", "attngan", "mirrorgan"})
        self.assertTrue(all([name for of, name in trained if of == system] == ["preset", "published", "slow_d"] for system, _ in trained))

    def test_an_unknown_row_is_named(self):
        done = tables(self.work, "--rows=gan")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no row 'gan': gan_int_cls, gawwn, stackgan", done.stderr)

    def test_files_that_are_not_there_are_named(self):
        for flag, expected in ((f"--base={self.work}/none", "none: No such file or directory"), ("--out=/dev/null/x", "/dev/null/x: Not a directory")):
            done = tables(self.work, "--rows=mirrorgan", "--seeds=1", "--print", flag)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
            self.assertIn(expected, done.stderr)


if __name__ == "__main__":
    unittest.main()
