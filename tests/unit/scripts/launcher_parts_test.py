#!/usr/bin/env python3
"""launch/mpirun and launch/pipeline: what an mpirun's code and last words decide, what flagfiles say, which step a run has reached, how a stage is filled
in, how stages are named as Kubernetes' Jobs. launch/slurm's scripts with a srun that only says what it is given."""
import argparse
import contextlib
import errno
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "launch/mpirun"), str(ROOT / "launch"), str(ROOT / "launch/kubernetes")]
import flagfiles  # noqa: E402
import pipeline_jobs  # noqa: E402
import run_progress  # noqa: E402
from mistake import Mistake  # noqa: E402
from pipeline_parts.here import Runner, run_here  # noqa: E402
from pipeline_parts.pipeline_file import Pipeline  # noqa: E402
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

    def test_a_flagfile_finds_others_from_its_own_tree(self):
        (self.folder / "own/configs").mkdir(parents=True)
        (self.folder / "own/configs/base.flags").write_text("--out=base\n")
        outer = self.folder / "own/configs/run.flags"
        outer.write_text("# --flagfile=configs/none.flags\n--flagfile=configs/base.flags\n")
        with contextlib.chdir("/"):
            self.assertEqual(flagfiles.flag_value([f"--flagfile={outer}"], "out"), pathlib.Path("base"))
            self.assertEqual(flagfiles.flagfile_texts([f"--flagfile={outer}"]), [outer.read_text(), "--out=base\n"])
            self.assertIsNone(flagfiles.flag_value(["--flagfile=configs/base.flags"], "out"))

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

    def test_a_new_attempts_log_takes_no_others_place(self):
        self.assertEqual(run_progress.next_attempt(self.folder), 1)
        for name in ("attempt-001.log", "attempt-003.log", "attempt-1000.log", "attempt-2000.log.gz", "attempt-of-mine.log"):
            (self.folder / name).write_text("")
        self.assertEqual(run_progress.next_attempt(self.folder), 1001)

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
        self.assertEqual((report.needs, report.out), (["pack", "judge"], pathlib.Path("x")))
        with self.assertRaisesRegex(Mistake, r"f: \[report\] \{judge/\}: \{judge/\} is no setting and no earlier stage"):
            fill(section, settings, [pack])
        for name, filled in (("mpirun", Section(KINDS["train"], "train", "f")), ("trainings", Section(KINDS["classifier"], "c", "f"))):
            with self.assertRaisesRegex(Mistake, f"{name} = --x ': no closing quotation"):
                fill(filled, settings | {name: "--x '"}, [])

    def test_a_report_waits_for_what_others_put_into_the_folders_that_it_reads(self):
        settings = {"out": "runs/a", "ranks": "2", "seed": "3", "trainings": "", "bin": "bin", "mpirun": ""}
        stages = []
        for kind, lines in (("train", []), ("evaluate", ["--checkpoint={train}", "--out={train}/evaluation"]), ("evaluate", ["--checkpoint={train}"]),
                            ("export", ["--checkpoint={train}"]), ("report", ["{train}"])):
            stages.append(fill(Section(KINDS[kind], kind if kind != "evaluate" else f"evaluate{len(stages)}", "f", lines), settings, stages))
        self.assertEqual([stage.needs for stage in stages[-2:]], [["train"], ["train", "evaluate1"]])

    def test_embeddings_are_there_before_whoever_reads_the_data(self):
        settings = {"out": "runs/a", "ranks": "2", "seed": "3", "trainings": "", "bin": "bin", "mpirun": ""}
        stages = []
        for kind, lines in (("pack", []), ("damsm", ["--data={pack}"]), ("embed", ["--data={pack}", "--damsm={damsm}"]), ("inspect", ["--path={pack}", "--verify"]),
                            ("train", ["--data={pack}"]), ("export", ["--checkpoint={train}"])):
            stages.append(fill(Section(KINDS[kind], kind, "f", lines), settings, stages))
        self.assertEqual([stage.needs for stage in stages], [[], ["pack"], ["pack", "damsm"], ["pack", "embed"], ["pack", "embed"], ["train"]])
        self.assertEqual(stages[2].command[1:], ["--data=runs/a/pack", "--damsm=runs/a/damsm/best.safetensors"])
        self.assertEqual([stage.is_whole() for stage in stages], [False, False, True, True, False, False], "what leaves nothing of its own is done by its mark")

    def launcher(self):
        """launch/mpirun/run as a module, and the lines that it says."""
        spec = importlib.util.spec_from_loader("launcher", importlib.machinery.SourceFileLoader("launcher", str(ROOT / "launch/mpirun/run")))
        launcher, lines = importlib.util.module_from_spec(spec), []
        spec.loader.exec_module(launcher)
        for patch in (mock.patch("sys.argv", ["run", "--", "true", f"--out={self.folder}/runs"]), mock.patch.object(launcher.SCREEN, "write", lines.append)):
            patch.start()
            self.addCleanup(patch.stop)
        for number in launcher.STOP_SIGNALS:
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        return launcher, lines

    def test_a_full_disk_is_no_mistake(self):
        launcher, lines = self.launcher()
        for number, code, said in ((errno.ENOSPC, 75, "runs/attempts: cannot be created: No space left"), (errno.EACCES, 1, "cannot be created: Permission denied"),
                                   (errno.EROFS, 1, "cannot be created: Read-only file system")):
            with mock.patch("pathlib.Path.mkdir", side_effect=OSError(number, os.strerror(number))):
                self.assertEqual(launcher.main(), code)
            self.assertIn(said, lines[-1].decode())

    def test_a_host_that_has_no_process_left_is_no_mistake(self):
        launcher, lines = self.launcher()
        for number, code, said in ((errno.EAGAIN, 75, "launch: Resource temporarily unavailable"), (errno.ENOMEM, 75, "launch: Cannot allocate memory"),
                                   (errno.EACCES, 1, "launch: mpirun: cannot be started: Permission denied")):
            with mock.patch("subprocess.Popen", side_effect=OSError(number, os.strerror(number))):
                self.assertEqual(launcher.main(), code)
            self.assertIn(said, lines[-1].decode())


    def test_pauses_double_up_to_the_longest(self):
        options = argparse.Namespace(backoff=5.0, backoff_max=300.0, run=self.folder)
        waits = self.launcher()[0].Launcher(options, []).backoff
        self.assertEqual([waits(failures) for failures in (1, 2, 3, 7, 5000)], [5, 10, 20, 300, 300])


class Pipelines(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="helio pipelines ")  # a blank, as users have it
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, text, name="my birds.pipeline"):
        (self.folder / name).write_text(text)
        return self.folder / name

    def jobs(self, *stages, out="/runs/a"):
        file = self.file(f"[pipeline]\nout = {out}\n" + "".join(f"[train {stage}]\n" for stage in stages))
        return file, Pipeline(file, {}, here=False)

    def test_equal_jobs_are_refused(self):
        for stages in (("A_B", "a-b"), ("Big", "big"), ("a--b", "a-b")):
            said = pipeline_jobs.mistake(self.jobs(*stages)[1])
            self.assertIn(f"stages {stages[0]} and {stages[1]} would both be the Job helio-a-", said)
        self.assertIsNone(pipeline_jobs.mistake(self.jobs("a", "b")[1]))

    def test_jobs_of_long_names_differ(self):
        _, pipeline = self.jobs("x" * 70 + "a", "x" * 70 + "b")
        self.assertIsNone(pipeline_jobs.mistake(pipeline))
        items = json.loads(pipeline_jobs.manifests(pipeline, argparse.Namespace(image="i", namespace="n", gpus=False, cpus=1, memory=1)))["items"]
        names = [item["metadata"]["name"] for item in items]
        self.assertEqual(len(set(names)), 3)
        self.assertTrue(all(len(name) <= 61 for name in names), names)
        self.assertEqual([*items[0]["data"]], ["run.pipeline"], "a key that Kubernetes takes")
        self.assertEqual(items[1]["spec"]["template"]["spec"]["containers"][0]["args"][0], "/etc/heliograph/run.pipeline")

    def test_flags_for_every_training_reach_the_pods(self):
        for said in ("", "--precision=bfloat16"):
            pipeline = Pipeline(self.file(f"[pipeline]\nout = /runs/a\ntrainings = {said}\n[train]\n"), {}, here=False)
            job = json.loads(pipeline_jobs.manifests(pipeline, pipeline_jobs.options([])))["items"][1]
            self.assertIn(f"trainings={said} {pipeline_jobs.TRAININGS}".replace("= ", "="), job["spec"]["template"]["spec"]["containers"][0]["args"])

    def program(self, script):
        (self.folder / "bin").mkdir()
        program = self.folder / "bin/helio-synth"
        program.write_text(f"#!/bin/sh\n{script}\nmkdir -p \"${{1#--out=}}\"\n")
        program.chmod(0o755)

    def start(self, *arguments, before=(), **options):
        root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        return subprocess.Popen([*before, str(ROOT / "launch/pipeline"), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={**os.environ, **root, **options.pop("env", {})}, **options)

    def refused(self, expected, *arguments, given=None, **options):
        job = self.start(*arguments, stdin=subprocess.PIPE, **options)
        said = job.communicate(given, timeout=60)[0]
        self.assertEqual((job.returncode, said.count("\n")), (1, 1), said)
        self.assertIn(expected, said)

    def test_mistakes_are_one_line(self):
        self.program("")
        head = f"[pipeline]\nout = {self.folder}/run\nbin = {self.folder}/bin\n"
        file = self.file(f"{head}[synth]\n")
        self.refused("unrecognized arguments: --onyl=synth", file, "--onyl=synth")
        self.refused("invalid float value: 'x'", file, "--patience=x")
        self.refused("arguments are required", "--print")
        self.refused("--kubernetes: unrecognized arguments: --gpu5", file, "out=/runs/a", "--kubernetes", "--gpu5")
        for flag in ("--cpus=0", "--memory=-3", "--memory=8Gi", "--namespace=My_Space", "--image="):
            self.refused(f"argument {flag.partition('=')[0]}: '{flag.partition('=')[2]}' is none", file, "out=/runs/a", "--kubernetes", flag)
        for out, expected in (("/runs/../etc", "pods write to the volume at /runs only"), ("/runs/\u9ce5", "it has none")):
            self.refused(expected, file, f"out={out}", "--kubernetes")
        self.refused("ranks = 999999: a number", file, "ranks=999999")
        self.refused("sbatch: cannot be started", file, "--slurm", env={"PATH": os.path.dirname(sys.executable)}, before=[sys.executable])
        self.refused("is no file that the jobs could read", "/dev/stdin", "--slurm", given=file.read_text())
        self.refused("birds.pipeline:5: a second 'size'", self.file(f"{head}size = 1\nsize = 2\n[synth]\n"))
        self.refused("birds.pipeline: [seed]: {seed} is a setting", self.file(f"{head}[train seed]\n"))

    def test_a_chain_of_jobs(self):
        """With an sbatch that notes what it is given, and counts jobs."""
        self.program("")
        sbatch = self.folder / "sbatch"
        sbatch.write_text(f"#!/bin/sh\necho \"$@\" >> '{self.folder}/given'\nwc -l < '{self.folder}/given'\n")
        sbatch.chmod(0o755)
        file = self.file(f"[pipeline]\nout = {self.folder}/run\nbin = {self.folder}/bin\n[synth]\n[synth again]\n--from={{synth}}\n")
        job = self.start(file, "--slurm", "--time=5", env={"PATH": f"{self.folder}:{os.environ['PATH']}"})
        self.assertEqual(job.communicate(timeout=60)[0].splitlines(), ["synth: job 1", "again: job 2 after 1"])
        first, second = (self.folder / "given").read_text().splitlines()
        for line, name in ((first, "synth"), (second, "again")):
            self.assertTrue(line.endswith(f"launch/slurm/stage.sbatch {file} --only {name} --patience 60"), line)
            self.assertIn("--time=5", line)
        self.assertIn("--dependency=afterok:1 ", second)

    def test_a_setting_that_no_stage_uses_is_told(self):
        self.program("")
        job = self.start(self.file(f"[pipeline]\nout = {self.folder}/run\nbin = .\nrank = 4\nsize = 3\n[synth]\n--side={{size}}\n"), "--print", cwd=self.folder / "bin")
        self.assertEqual(job.communicate(timeout=60)[0].splitlines()[0].partition("birds.pipeline: ")[2], "the setting 'rank' is used by no stage ({rank} stands in no line)")
        self.assertEqual(job.returncode, 0)

    def test_programs_that_lie_here(self):
        self.program("")
        job = self.start(self.file(f"[pipeline]\nout = {self.folder}/run\nbin = .\n[synth]\n"), cwd=self.folder / "bin")
        self.assertIn("./helio-synth", (said := job.communicate(timeout=60)[0]) + (self.folder / "run/logs/synth.log").read_text(), said)
        self.assertEqual(job.returncode, 0, said)

    def test_jobs_of_a_file_that_is_read_once(self):
        file, _ = self.jobs("a")
        job = self.start("/dev/stdin", "--kubernetes", stdin=subprocess.PIPE)
        self.assertEqual(json.loads(job.communicate(file.read_text(), timeout=60)[0])["items"][0]["data"]["run.pipeline"], file.read_text())

    def pipeline_here(self):
        """Of one stage; what runs it may set signals."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        return Pipeline(self.file(f"[pipeline]\nout = {self.folder}/run\nbin = {self.folder}/bin\n[synth]\n"), {})

    def test_a_read_only_file_system_is_a_mistake_where_nothing_has_begun(self):
        self.program("")
        pipeline, refusal = self.pipeline_here(), OSError(errno.EROFS, os.strerror(errno.EROFS))
        with mock.patch("pathlib.Path.mkdir", side_effect=refusal), mock.patch("pipeline_parts.here.check_root"):
            with self.assertRaisesRegex(Mistake, "Read-only file system"):
                run_here(pipeline, None, 0)
            os.makedirs(self.folder / "run/logs")
            self.assertEqual(run_here(pipeline, None, 0), 75)

    def test_a_signal_while_a_stage_is_being_started_is_the_stages(self):
        self.program("exec sleep 60")
        pipeline = self.pipeline_here()
        popen = subprocess.Popen

        def start(*words, **options):
            process = popen(*words, **options)
            os.kill(os.getpid(), signal.SIGUSR1)
            return process
        with mock.patch("subprocess.Popen", start):
            self.assertEqual(Runner(pipeline).run_all(), 128 + signal.SIGUSR1)

    def test_nohup_holds(self):
        self.program(f"touch '{self.folder}/begun'\nwhile [ ! -e '{self.folder}/seen' ]; do sleep 0.1; done")
        job = self.start(self.file(f"[pipeline]\nout = {self.folder}/run\nbin = {self.folder}/bin\n[synth]\n"), before=["nohup"])
        end = time.monotonic() + 50
        while not (self.folder / "begun").exists() and job.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        job.send_signal(signal.SIGHUP)
        time.sleep(0.3)  # the handler's, if there is one
        (self.folder / "seen").touch()
        self.assertIn("done: ", job.communicate(timeout=60)[0])
        self.assertEqual(job.returncode, 0)


class Quickstart(unittest.TestCase):
    def test_mistakes_are_told_before_the_build(self):
        for words, expected in ((["--ranks"], "--ranks: its value is missing"), (["--ranks=0"], "--ranks 0: a number"), (["--out", "x", "--seed", "-1"], "--seed -1: a number"),
                                (["--otu", "x"], "--otu: no such option"), (["--out="], "--out: its value is empty"), (["--help"], "usage: ")):
            done = subprocess.run([str(ROOT / "scripts/quickstart"), *words], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertIn(expected, done.stderr)
            self.assertNotIn("unbound", done.stderr)


class Slurm(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="helio slurm ")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.lines = self.folder / "lines.txt"
        srun = self.folder / "srun"
        srun.write_text('#!/bin/bash\nprintf "<%s>" "$@"\n')
        srun.chmod(0o755)

    def run_script(self, script="ablations.sbatch", number=1, **environment):
        """(code, what it says) of a script, as if Slurm had started it."""
        given = {"PATH": f"{self.folder}:{os.environ['PATH']}", "HELIO_HOME": str(ROOT), "HELIO_LINES": str(self.lines), "HELIO_RUN": str(self.folder / "runs"),
                 "SLURM_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": str(number)}
        done = subprocess.run(["bash", str(ROOT / "launch/slurm" / script), "--batch=8"], capture_output=True, text=True, env={**os.environ, **given, **environment})
        return done.returncode, done.stdout + done.stderr

    def test_lines_of_every_editor(self):
        for text in ("# runs\n\none --a=1\n \n  # more\ntwo\t--b=2 --c=3\n", "\ufeffone   --a=1\r\n\t\r\n\r\ntwo --b=2 --c=3\r\n"):
            self.lines.write_bytes(text.encode())
            for number, name, flags in ((1, "one", "<--a=1>"), (2, "two", "<--b=2><--c=3>")):
                code, said = self.run_script(number=number)
                self.assertEqual(code, 0, said)
                self.assertIn(f"<--out={self.folder}/runs/{name}><--expect_world_size=1><--batch=8>{flags}slurm job 7", said)
            code, said = self.run_script(number=3)
            self.assertEqual((code, f"{self.lines} has no line 3" in said), (1, True), said)

    def test_names_that_are_none(self):
        for text, expected in (("--caption_lambda=0\n", "'--caption_lambda=0' is no name"), ("../x --a=1\n", "'../x' is no name"), ("a/b\n", "'a/b' is no name"),
                               ("one --a=1\none --a=2\n", "'one' names two runs")):
            self.lines.write_text(text)
            code, said = self.run_script()
            self.assertEqual((code, expected in said), (1, True), said)
        self.lines.unlink()
        self.assertIn("cannot be read", self.run_script()[1])
        self.assertFalse((self.folder / "runs").exists())

    def test_targets_that_are_not_there_stop_nothing(self):
        code, said = self.run_script("train.sbatch", HELIO_TARGETS=str(self.folder / "none"))
        self.assertEqual(code, 0, said)
        self.assertIn("none: Prometheus will not see this run, which goes on", said)
        self.assertNotIn("set HELIO_HOME", said)

    def test_a_run_that_has_no_folder_stops(self):
        self.lines.write_text("a file\n")
        code, said = self.run_script("train.sbatch", HELIO_RUN=f"{self.lines}/run")
        self.assertEqual(code, 1, said)
        self.assertIn("lines.txt/run cannot be made", said)
        self.assertNotIn("srun", said)
        self.assertNotIn("--out", said)


if __name__ == "__main__":
    unittest.main()
