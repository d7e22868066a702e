"""scripts/to_tensorboard: what TensorBoard's own reader finds in the files it writes."""
import contextlib
import errno
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "scripts/to_tensorboard"


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)


class ToTensorboard(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="helio_tensorboard_")
        self.run = pathlib.Path(self.folder.name) / "run"
        (self.run / "samples").mkdir(parents=True)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, *lines, name="metrics.jsonl"):
        (self.run / name).write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))

    def events(self):
        done = run(self.run)
        self.assertEqual(done.returncode, 0, done.stderr)
        reader = EventAccumulator(done.stdout.strip())
        reader.Reload()
        return reader, done.stderr

    def test_curves_and_pictures(self):
        self.write({"step": 1, "losses": {"g/kl": 0.5}, "images_per_second": 20}, {"step": 2, "losses": {"g/kl": 0.25}}, {"step": 2, "scores": {"fid": 3}})
        self.write({"step": 2, "scores": {"fid": 4}}, name="evaluation.jsonl")
        Image.new("RGB", (8, 6), (255, 0, 0)).save(self.run / "samples/step-0000002.png")
        reader, said = self.events()
        self.assertEqual([(event.step, event.value) for event in reader.Scalars("losses/g/kl")], [(1, 0.5), (2, 0.25)])
        self.assertEqual(reader.Scalars("scores/fid")[0].value, 3)
        self.assertEqual(reader.Scalars("helio-eval scores/fid")[0].value, 4)
        picture = reader.Images("samples")[0]
        self.assertEqual((picture.step, picture.width, picture.height), (2, 8, 6))
        self.assertEqual(said, "")

    def test_evaluations_of_several_folders_and_protocols_are_told_apart(self):
        self.write({"step": 1, "losses": {"g/kl": 1}})
        for folder, lines in (("a", [("N=64", 1), ("N=3000", 2), ("N=64", 3)]), ("b", [("N=64", 4)])):
            (self.run / folder).mkdir()
            self.write(*({"step": 1, "scores": {"fid": value}, "protocols": {"fid": protocol}} for protocol, value in lines), name=f"{folder}/evaluation.jsonl")
        reader, _ = self.events()
        values = {tag: [event.value for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"] if "fid" in tag}
        self.assertEqual(values, {"helio-eval a scores/fid": [1, 3], "helio-eval a scores/fid (2)": [2], "helio-eval b scores/fid": [4]})

    def test_a_full_disk_is_no_mistake(self):
        spec = importlib.util.spec_from_loader("to_tensorboard", importlib.machinery.SourceFileLoader("to_tensorboard", str(SCRIPT)))
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        self.write({"step": 1, "losses": {"g/kl": 1}})
        for number, code in ((errno.ENOSPC, 75), (errno.EACCES, 1), (errno.EROFS, 1)):
            said = io.StringIO()
            with mock.patch.object(script, "write_events", side_effect=OSError(number, os.strerror(number))), mock.patch("sys.argv", ["to_tensorboard", str(self.run)]), \
                    contextlib.redirect_stderr(said):
                self.assertEqual(script.main(), code)
            self.assertEqual(said.getvalue(), f"to_tensorboard: events: {os.strerror(number)}\n")

    def test_counts_what_is_left_out_and_replaces_what_it_wrote(self):
        self.write({"step": 1, "losses": {"g/kl": None}}, "nonsense\n", {"step": 3, "losses": {"g/kl": 1}}, '{"step": 4, "lo')
        _, said = self.events()
        self.assertIn("1 damaged lines", said)
        self.assertIn("1 values that are not finite", said)
        reader, _ = self.events()
        self.assertEqual([event.step for event in reader.Scalars("losses/g/kl")], [3])

    def test_damaged_pictures_and_odd_lines_are_named_and_left_out(self):
        self.write('{"step": 1, "losses": [1]}\n', {"step": 2, "losses": {"g/kl": 1}, "scores": 3}, {"step": 10 ** 30, "losses": {}},
                   {"step": 3, "scores": {"fid": 2}, "protocols": ["x"]}, "[" * 100000 + "\n", '{"step": 4, "losses": {"g/kl": 1' + "0" * 400 + "}}\n",
                   {"step": 5, "losses": {"g/kl": 2}})
        whole = self.run / "samples/step-0000002.png"
        Image.effect_noise((64, 64), 50).save(whole)
        (self.run / "samples/step-0000003.png").write_bytes(whole.read_bytes()[:300])
        (self.run / "samples/step-0000004.png").write_text("no picture")
        (self.run / "samples/step-0000005.png").mkdir()
        reader, said = self.events()
        self.assertEqual([event.step for event in reader.Scalars("losses/g/kl")], [5])
        self.assertEqual([event.step for event in reader.Images("samples")], [2])
        for expected in ("5 damaged lines", "1 values that are not finite", "step-0000003.png: left out, ", "step-0000004.png: left out, cannot identify",
                         "step-0000005.png: left out, Is a directory"):
            self.assertIn(expected, said)
        self.assertEqual(said.count("\n"), 5, said)
        self.assertEqual(len(list((self.run / "tensorboard").iterdir())), 1, "nothing but the event file")

    def test_what_was_there_stays_where_nothing_can_be_written(self):
        self.write({"step": 1, "losses": {"g/kl": 1}})
        self.events()
        kept = sorted((self.run / "tensorboard").iterdir())
        (self.run / "metrics.jsonl").unlink()
        (self.run / "metrics.jsonl").mkdir()
        done = run(self.run)
        self.assertEqual((done.returncode, done.stderr), (1, f"to_tensorboard: {self.run}/metrics.jsonl: Is a directory\n"))
        self.assertEqual(sorted((self.run / "tensorboard").iterdir()), kept)

    def test_a_run_is_never_its_own_target(self):
        self.write({"step": 1, "losses": {"g/kl": 1}})
        for out in (self.run.parent, self.run / ".."):
            done = run(self.run, f"--out={out}")
            self.assertEqual(done.returncode, 1)
            self.assertIn("holds the run", done.stderr)
        self.assertTrue((self.run / "metrics.jsonl").exists())
        kept = self.run / "tensorboard/notes.txt"
        kept.parent.mkdir()
        kept.write_text("mine")
        self.events()
        self.assertEqual(kept.read_text(), "mine", "only event files are replaced")

    def test_runs_of_one_name_are_told_apart(self):
        work = pathlib.Path(self.folder.name)
        for system in ("x", "y"):
            (work / system / "train").mkdir(parents=True)
            (work / system / "train/metrics.jsonl").write_text(json.dumps({"step": 1, "losses": {"g/kl": 1}}) + "\n")
        done = run(work / "x/train", work / "y/train", f"--out={work / 'tb'}")
        self.assertEqual(done.stdout.split(), [str(work / "tb/x/train"), str(work / "tb/y/train")], done.stderr)
        again = run(work / "x/train", work / "x/../x/train", f"--out={work / 'tb'}")
        self.assertEqual(again.returncode, 1)
        self.assertIn("is named twice", again.stderr)

    def test_what_is_no_run(self):
        done = run(self.run / "samples")
        self.assertEqual(done.returncode, 1)
        self.assertIn("holds no metrics.jsonl", done.stderr)


if __name__ == "__main__":
    unittest.main()
