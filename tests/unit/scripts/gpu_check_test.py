#!/usr/bin/env python3
"""scripts/gpu_check: verdicts, limits and the report, with parts that do next to nothing; which trainings and recordings a bundle has."""
import argparse
import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))
from gpu_check_parts import bundle, graphs, place, plan, suites, trainings  # noqa: E402
from gpu_check_parts.part import Failed, Job, LeftOut, Part, Stage  # noqa: E402
from gpu_check_parts.schedule import Schedule  # noqa: E402


class Clock:
    """Time that passes only when it is told to."""
    now = 0.0

    def __call__(self):
        return self.now


class ScheduleTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.clock = pathlib.Path(folder.name), Clock()

    def run_parts(self, *parts, limit_s=100.0, at_once=1):
        """(the schedule, {part: what the report says of it}, what the terminal shows)"""
        schedule = Schedule(limit_s, self.folder, self.folder / "report.json", clock=self.clock)
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            schedule.run([Stage(list(parts), at_once)])
        self.report = json.loads((self.folder / "report.json").read_text())
        return schedule, {one["part"]: one for one in self.report["parts"]}, shown.getvalue()

    def raising(self, name, error, **more):
        def do(job):
            raise error
        return Part(name, do, **more)

    def test_all_is_well(self):
        def measure(job):
            job.figures["answer"] = 42
            self.clock.now += 7
        schedule, parts, shown = self.run_parts(Part("one", measure))
        self.assertEqual((schedule.exit_code(), parts["one"]["ok"], parts["one"]["seconds"], parts["one"]["figures"]), (0, True, 7, {"answer": 42}))
        self.assertIn("ok       one (7 s)", shown)

    def test_a_part_that_fails_stops_no_other(self):
        parts = [Part("code", lambda job: job.call("sh", "-c", "echo last words; exit 7")), self.raising("wrong", Failed("not equal")),
                 self.raising("bug", KeyError("loss")), Part("missing", lambda job: job.call("/no/such/program")), Part("good", lambda job: None)]
        schedule, said, shown = self.run_parts(*parts)
        self.assertEqual(self.report["failed"], ["code", "wrong", "bug", "missing"])
        self.assertEqual((said["code"]["note"], said["code"]["tail"][-1], said["wrong"]["note"]), ("sh ended with code 7", "last words", "not equal"))
        self.assertTrue(said["good"]["ok"])
        self.assertIn("last words", shown)
        self.assertEqual(schedule.exit_code(), 1)

    def test_figures_of_a_part_that_fails_stay(self):
        def do(job):
            job.figures["ours"] = 1
            raise Failed("theirs broke")
        self.assertEqual(self.run_parts(Part("one", do))[1]["one"]["figures"], {"ours": 1})

    def test_its_own_limit_fails_a_part(self):
        _, said, _ = self.run_parts(Part("slow", lambda job: job.call("sleep", "30"), seconds=0.3))
        self.assertEqual((said["slow"]["ok"], said["slow"]["note"]), (False, "took longer than its 0.3 s"))

    def test_the_whole_limit_leaves_parts_out(self):
        def take(job):
            self.clock.now += 94
        # Six seconds are left, and five are enough to begin; then none are.
        cut = Part("cut", lambda job: job.call("sleep", "30"), seconds=60)
        never = Part("never", lambda job: self.fail("began"))
        def end(job):
            self.clock.now += 6
        schedule, said, shown = self.run_parts(Part("long", take), cut, Part("last", end, seconds=1), never)
        self.assertEqual(self.report["left_out"], ["cut", "never"])
        self.assertEqual((said["cut"]["note"], said["never"]["note"]), ("cut by the limit of the whole check", "no time was left"))
        self.assertIn("left out never (0 s): no time was left", shown)
        self.assertEqual(schedule.exit_code(), 3)

    def test_what_a_part_needs_must_be_ok(self):
        parts = [self.raising("data", Failed("no disk")), Part("train", lambda job: None, needs=("data",)), Part("resume", lambda job: None, needs=("train",)),
                 self.raising("graphs", LeftOut("this program has none"))]
        _, said, _ = self.run_parts(*parts)
        self.assertEqual([said[name]["note"] for name in ("train", "resume", "graphs")], ["needs data", "needs train", "this program has none"])

    def test_parts_beside_each_other_are_all_reported(self):
        _, said, _ = self.run_parts(*(Part(f"part{i}", lambda job: job.call("true")) for i in range(9)), at_once=4)
        self.assertEqual((len(said), all(one["ok"] for one in said.values())), (9, True))


class BundleTest(unittest.TestCase):
    def test_every_recipe_has_a_training(self):
        registry = (ROOT / "src/recipes/registry.cc").read_text()
        rows = dict(bundle.re.findall(r'Row<.*>\("(\w+)", Program::k(\w+)', registry))
        made = bundle.toy_trainings({name: f"helio-{program.lower()}" for name, program in rows.items()})
        self.assertGreater(len(rows), 15)
        self.assertLessEqual(set(rows), set(made))
        self.assertEqual(made["mirrorgan_damsm"], {"program": "helio-train", "flags": ["--flagfile=configs/toy/mirrorgan_damsm.flags"]})
        self.assertEqual(made["attngan"]["flags"], ["--flagfile=configs/toy/mirrorgan.flags", "--recipe=attngan"])
        self.assertLessEqual(set(plan.FIRST_RESUMES), set(made))

    def test_recordings_fill_the_room_loops_first(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, size in (("fixtures/trajectory_a", 3000), ("fixtures-odd/trajectory_a", 2000), ("fixtures/trajectory_large", 5000), ("fixtures/net", 100), ("fixtures/large", 4000)):
                file = pathlib.Path(folder, f"{name}.safetensors")
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(bytes(size))
            before, bundle.REFERENCE = bundle.REFERENCE, pathlib.Path(folder)
            try:
                chosen, left_out = bundle.chosen_fixtures(2500)
            finally:
                bundle.REFERENCE = before
        self.assertEqual([f"{file.parent.name}/{file.stem}" for file in chosen], ["fixtures-odd/trajectory_a", "fixtures/net"])
        self.assertEqual(left_out, ["trajectory_large.safetensors", "large.safetensors"])


class PlaceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def test_what_is_packed_is_unpacked_once(self):
        self.write("in/root/etc/a", "a")
        bundle.pack(self.folder / "files.tar.xz", [(self.folder / "in/root", "root")], preset=0)
        unpacked = self.folder / "files"
        place.unpack(self.folder / "files.tar.xz", unpacked)
        self.assertEqual((unpacked / "root/etc/a").read_text(), "a")
        (unpacked / "root/etc/a").write_text("kept")
        place.unpack(self.folder / "files.tar.xz", unpacked)
        self.assertEqual((unpacked / "root/etc/a").read_text(), "kept")

    def test_only_what_is_missing_is_copied(self):
        for name in ("root/etc/mpi/a", "root/etc/mpi/b", "root/usr/bin/orterun", "there/etc/mpi/a"):
            self.write(name, name)
        (self.folder / "there/usr/bin").mkdir(parents=True)
        place.copy_what_is_missing(self.folder / "root", self.folder / "there")
        said = [(self.folder / "there" / name).read_text() for name in ("etc/mpi/a", "etc/mpi/b", "usr/bin/mpirun")]
        self.assertEqual(said, ["there/etc/mpi/a", "root/etc/mpi/b", "root/usr/bin/orterun"])

    def test_a_python_is_the_same_from_any_folder(self):
        self.write("venv/bin/python", "#!/bin/sh\n")
        (self.folder / "venv/bin/python").chmod(0o755)
        with contextlib.chdir(self.folder):
            self.assertEqual(place.Place(self.folder, "dry", "venv/bin/python").python, f"{pathlib.Path.cwd()}/venv/bin/python")
        self.assertTrue(os.path.isabs(place.Place(self.folder, "dry", "python3").python))
        with self.assertRaisesRegex(SystemExit, "none/python: cannot be started: No such file"):
            place.facts_of_torch(place.Place(self.folder, "dry", "none/python").python)


class GraphsTest(unittest.TestCase):
    """MirrorGAN's toy with graphs and without, of "trainings" that write what they are told to."""

    def play(self, device="cuda", said="", files=("model", "averages", "optimizer"), **changed):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        work = pathlib.Path(folder.name)
        (work / "bundle.json").write_text(json.dumps({"trainings": {"mirrorgan": {"program": "helio-train", "flags": []}}}))
        commands = []

        def program(name, *arguments):
            out = pathlib.Path(next(a for a in arguments if a.startswith("--out=")).removeprefix("--out="))
            commands.append(arguments)
            with_graphs = "--cuda_graph" in arguments
            checkpoint = out / "checkpoints/step-0000000006"
            checkpoint.mkdir(parents=True)
            (out / "metrics.jsonl").write_text('{"step": 6, "losses": {"g": 1}}\n')
            for file in files:
                (checkpoint / f"{file}.safetensors").write_text(changed.get(file, file) if with_graphs else file)
            return ["echo", said if with_graphs else ""]
        there = argparse.Namespace(bundle=work, work=work, device=device, mode="simulated", sizes=place.SMALL, program=program)
        part = graphs.train(there)
        part.do(Job(work / "log", time.monotonic() + 30))
        return commands

    def test_the_same_bits(self):
        without, with_graphs = self.play(said="step 6/6 g 1 | 3.5 images/s")
        self.assertNotIn("--cuda_graph", without)
        self.assertIn("--cuda_graph", with_graphs)
        for last in (without, with_graphs):  # the last of a flag counts
            self.assertEqual([a for a in last if a.startswith(("--steps=", "--checkpoint_every="))][-2:], ["--steps=6", "--checkpoint_every=6"])

    def test_other_bits_fail(self):
        for file in ("model", "averages", "optimizer"):
            with self.assertRaisesRegex(Failed, f"not bit-equal with graphs: {file}.safetensors"):
                self.play(**{file: "other"})

    def test_a_run_without_a_capture_fails(self):
        with self.assertRaisesRegex(Failed, "nothing is captured"):
            self.play(said="--cuda_graph: nothing is captured: it asks the host in its steps")

    def test_a_cpu_has_none(self):
        with self.assertRaises(LeftOut):
            self.play(device="cpu")


class FiguresTest(unittest.TestCase):
    def test_a_suite(self):
        said = ("ca_net f32     8 compared  out 3.0e-07 x    grad 1.2e-06 y\n[  FAILED  ] Fixtures/Parity.Equals/a (3 ms)\n"
                "[  PASSED  ] 12 tests.\n[  FAILED  ] Fixtures/Parity.Equals/a\n")
        self.assertEqual(suites.tests_of(said), {"passed": 12, "failed": ["Fixtures/Parity.Equals/a"], "largest_error": 1.2e-06})

    def test_two_ranks_are_one_in_float64(self):
        for off, wanted in ((1e-10, None), (1e-8, "differ from one rank's by 1e-08")):
            with tempfile.TemporaryDirectory() as folder:
                there = pathlib.Path(folder)
                (there / "bundle.json").write_text(json.dumps({"trainings": {"mirrorgan_damsm": {"program": "helio-train", "flags": []}}}))
                here = argparse.Namespace(bundle=there, work=there, device="cuda", sizes=place.SMALL, program=lambda *words: list(words), on_ranks=lambda ranks, words: [ranks, *words])

                def call(ranks, *words, off=off):
                    run = pathlib.Path(next(word[len("--out="):] for word in words if word.startswith("--out=")))
                    run.mkdir()
                    lines = [{"step": step, "losses": {"g/cond": 0.5 + off * (ranks == 2 and step == 3)}} for step in (1, 2, 3)]
                    (run / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
                job = argparse.Namespace(call=call, figures={}, note="")
                part = trainings.exact_ranks(here)
                if wanted:
                    with self.assertRaisesRegex(Failed, wanted):
                        part.do(job)
                else:
                    part.do(job)

    def test_kernels(self):
        events = [{"cat": "kernel", "name": "b", "dur": 500}, {"cat": "kernel", "name": "a", "dur": 1500}, {"cat": "cpu_op", "name": "c", "dur": 9}, {"cat": "kernel", "name": "b", "dur": 500}]
        self.assertEqual(list(trainings.kernel_times(events).items()), [("a", 1.5), ("b", 1.0)])


if __name__ == "__main__":
    unittest.main()
