#!/usr/bin/env python3
"""launch/mpirun and launch/pipeline: what an mpirun's code and last words decide, what flagfiles say, which step a run has reached, how a stage is filled in."""
import contextlib
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "launch/mpirun"), str(ROOT / "launch")]
import flagfiles  # noqa: E402
import run_progress  # noqa: E402
from mistake import Mistake  # noqa: E402
from pipeline_parts.stages import KINDS, Section, fill  # noqa: E402
from verdict import FAILING, verdict  # noqa: E402

MISTAKE, BUG, PATH = "a mistake in flags or data", "a bug", "a mistake in mpirun's options or the program's path"
ABORTED = "Primary job  terminated normally, but 1 process returned\n  Process name: [[1,1],0]\n  Exit code:    {}\n"
# (code, output, killed, signals) -> (code, why never again)
CASES = [
    (0, "", None, 0, 0, "done"),
    (1, "--rate is wrong", None, 0, 1, MISTAKE),
    (2, "", None, 0, 2, MISTAKE),
    (70, "", None, 0, 70, BUG),
    (75, "", None, 0, 75, None),
    (137, "", None, 0, 137, None),
    (213, "", None, 0, 213, None),
    # Code 1 is mpirun's, too, for what the cluster does.
    (1, "ORTE has lost communication with a remote daemon.", None, 0, 1, None),
    (1, "PRTE daemon was unable to reliably start one or more daemons", None, 0, 1, None),
    (1, "ssh: connect to host b port 22: Connection refused", None, 0, 1, None),
    (1, "ssh: connect to host b port 22: No route to host", None, 0, 1, None),
    (1, "run/: another job (pid 7) is writing here", None, 0, 1, None),
    # And other codes are the user's.
    (213, "There are not enough slots available in the system", None, 0, 1, PATH),
    (134, "mpirun was unable to launch the specified application", None, 0, 1, PATH),
    (255, "mpirun: Error: unrecognized argument --nn", None, 0, 1, PATH),
    # Killed by us: the code that mpirun told of, the last one.
    (137, "", "no sign of life", 0, 75, None),
    (137, ABORTED.format(70), "mpirun did not end", 0, 70, BUG),
    (137, ABORTED.format(70) + ABORTED.format(75), "mpirun did not end", 0, 75, None),
    (137, "says Exit code: 70", "no sign of life", 0, 75, None),
    # A wish to stop: nothing is tried again, but what is done is done.
    (75, "", None, 1, 75, "stopped by a signal"),
    (1, "", None, 1, 1, "stopped by a signal"),
    (137, "", "the ranks did not leave", 1, 75, "stopped by a signal"),
    (0, "", None, 1, 0, "done"),
    (137, "", "a second signal", 2, 143, "ended by a second signal"),
    (0, "", None, 2, 143, "ended by a second signal"),
]


class Launcher(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="helio_verdict_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_verdicts(self):
        for *given, code, final in CASES:
            with self.subTest(given):
                self.assertEqual(verdict(*given), (code, final))

    def test_what_tells_of_a_failure(self):
        for line in (ABORTED, "mpirun noticed that process rank 1 with PID 7", "MPI_ABORT was invoked on rank 0", "PRTE has lost communication with a remote daemon"):
            self.assertTrue(FAILING.search(line), line)
        self.assertFalse(FAILING.search("step 7: loss 1.5"))

    def test_the_last_flag_counts_also_of_flagfiles_in_flagfiles(self):
        inner, outer = self.folder / "inner.flags", self.folder / "outer.flags"
        inner.write_bytes("\ufeff# h\u00e4lt\n--out=inner\n".encode())
        outer.write_text(f"--out=outer\n  --flagfile={inner}\n--batch=8\nwords --out=none\n")
        command = ["-n", "2", "helio-train", "--out=first", f"--flagfile={outer}"]
        self.assertEqual(flagfiles.flag_value(command, "out"), pathlib.Path("inner"))
        self.assertEqual(flagfiles.flag_value([*command, "-out", "last"], "out"), pathlib.Path("last"))
        self.assertEqual(flagfiles.flag_value(command, "batch"), pathlib.Path("8"))
        self.assertEqual(flagfiles.flag_value(["helio-train", "--flagfile", f"{outer}", "--batch=9"], "out"), pathlib.Path("inner"))
        self.assertIsNone(flagfiles.flag_value(command, "resume"))
        self.assertIsNone(flagfiles.flag_value([f"--flagfile={self.folder}/none"], "out"))

    def test_the_texts_of_flagfiles(self):
        inner, outer, own = self.folder / "inner.flags", self.folder / "outer.flags", self.folder / "own.flags"
        inner.write_text("--rate=1\n")
        outer.write_text(f"--flagfile={inner}\n")
        own.write_text(f"--flagfile={own}\n")
        self.assertEqual(flagfiles.flagfile_texts([f"--flagfile={outer}", "--out=x", f"--flagfile={self.folder}/none"]), [outer.read_text(), "--rate=1\n"])
        self.assertEqual(flagfiles.flagfile_texts(["--flagfile", f"{outer}"]), [outer.read_text(), "--rate=1\n"])
        self.assertEqual(len(flagfiles.flagfile_texts([f"--flagfile={own}"])), flagfiles.DEEPEST)
        self.assertIsNone(flagfiles.flag_value([f"--flagfile={own}"], "out"))

    def test_flagfiles_of_the_house_are_found_from_anywhere(self):
        with contextlib.chdir(self.folder):
            self.assertEqual(flagfiles.with_flagfile("--flagfile=configs/toy/mirrorgan.flags"), f"--flagfile={ROOT}/configs/toy/mirrorgan.flags")
            for other in ("--flagfile=configs/none.flags", "--out=configs"):
                self.assertEqual(flagfiles.with_flagfile(other), other)

    def test_the_newest_whole_checkpoint(self):
        self.assertEqual(run_progress.newest_step(run_progress.checkpoints(self.folder)), 0)
        for name in ("step-0000000005", "step-0000000010", "step-damaged", ".step-0000000020"):
            (self.folder / "checkpoints" / name).mkdir(parents=True)
            (self.folder / "checkpoints" / name / "manifest.json").write_text("{}")
        (self.folder / "checkpoints/step-0000000015").mkdir()  # not whole
        self.assertEqual(run_progress.newest_step(run_progress.checkpoints(self.folder)), 10)

    def test_what_an_attempt_wrote(self):
        before = {"step-0000001000": 5}
        self.assertFalse(run_progress.wrote(before, before))
        self.assertFalse(run_progress.wrote(before, {}))  # set aside
        self.assertTrue(run_progress.wrote(before, {"step-0000000010": 6}))
        self.assertTrue(run_progress.wrote(before, {"step-0000001000": 6}))

    def test_a_stage_is_filled_in(self):
        settings = {"out": "runs/a", "ranks": "2", "seed": "3", "trainings": "--threads=1", "bin": "bin", "mpirun": "--oversubscribe"}
        pack = fill(Section(KINDS["pack"], "pack", "f"), settings, [])
        self.assertEqual((pack.command, pack.needs), (["bin/helio-pack", "--out=runs/a/pack"], []))
        judge = fill(Section(KINDS["classifier"], "judge", "f", ["--data={pack}"]), settings, [pack])
        self.assertEqual(judge.command[1:], ["--", "--oversubscribe", "-n", "2", "bin/helio-pretrain", "--data=runs/a/pack", "--out=runs/a/judge", "--seed=3",
                                             "--threads=1", "--expect_world_size=2"])
        section = Section(KINDS["report"], "report", "f", ["{judge/}", "--weights={judge}", "--out=x", "--data={pack}"])
        report = fill(section, settings, [pack, judge])
        self.assertEqual(report.command, ["bin/helio-report", "runs/a/judge", "--weights=runs/a/judge/best.safetensors", "--out=x", "--data=runs/a/pack"])
        self.assertEqual((report.needs, report.out), (["judge", "pack"], pathlib.Path("x")))
        with self.assertRaisesRegex(Mistake, r"f: \[report\] \{judge/\}: \{judge/\} is no setting and no earlier stage"):
            fill(section, settings, [pack])


if __name__ == "__main__":
    unittest.main()
