"""Stages run on this machine."""
import os
import re
import shlex
import signal
import subprocess
import threading
import time

import pipeline_jobs
from exit_codes import REQUEUE
from mistake import Mistake, may_pass
from outlets import Log, Screen
from pipeline_parts.progress import Progress


def check_root():
    """mpirun would say so at length, and the stage's last line would not."""
    if os.geteuid() == 0 and not {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"} <= os.environ.keys():
        raise Mistake("mpirun refuses root: be another user, or export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")


def run_here(pipeline, only, patience):
    """The exit code of all stages, or of the one that `only` names. A disk that is full or gone is no mistake: 75."""
    check_root()
    runner = Runner(pipeline)
    try:
        return runner.run_only(pipeline.stage(only), patience) if only else runner.run_all()
    except OSError as error:
        said = f"{error.filename or pipeline.out}: {error.strerror}"
        if not may_pass(error.errno, begun=os.path.exists(pipeline.out / "logs")):
            raise Mistake(said) from None
        runner.complain(f"{said} (the same command goes on)")
        return REQUEUE
    finally:
        runner.flush()


class Runner:
    """Runs stages here, one at a time; a signal is the running stage's."""

    def __init__(self, pipeline):
        self.pipeline, self.progress = pipeline, Progress(pipeline)
        self.screen, self.errors = Screen(1), Screen(2)
        self.process, self.signalled, self.begin = None, None, time.monotonic()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self.pass_on)

    def pass_on(self, number, _frame):
        self.signalled = number
        if self.process:
            self.process.send_signal(number)

    def say(self, text):
        self.screen.write(f"=== [{time.monotonic() - self.begin:5.0f} s] {text}\n".encode(errors="replace"))

    def complain(self, text):
        self.screen.flush()
        self.errors.write(f"pipeline: {text}\n".encode(errors="replace"))

    def flush(self):
        self.screen.flush()
        self.errors.flush()

    def run(self, stage, place):
        """The stage's exit code."""
        if self.progress.done(stage):
            self.say(f"{place} {stage.name}: done already")
            return 0
        log = self.pipeline.out / "logs" / f"{stage.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        stage.out.parent.mkdir(parents=True, exist_ok=True)
        self.say(f"{place} {stage.name}" + (f" (usually {stage.section.usually})" if stage.section.usually else "") + f", log: {log}")
        start = time.monotonic()
        self.progress.stamp(stage).unlink(missing_ok=True)
        code, tail = self.follow(stage.command, log)
        if code:
            self.explain(stage, code, tail, log)
        self.mark(stage, time.monotonic() - start, code)
        return code

    def mark(self, stage, seconds, code):
        try:
            self.progress.mark(stage, seconds, code)
        except OSError as error:
            if not code:
                raise
            self.complain(f"stage {stage.name} cannot be marked: {error.strerror}")  # its own code says more

    def run_only(self, stage, patience):
        """That stage alone, once those it needs are done; pipeline_jobs.NOT_YET if they are not after `patience` seconds."""
        end = time.monotonic() + patience
        while (missing := self.progress.missing(stage)) and time.monotonic() < end and not self.signalled:
            time.sleep(1)
        if failed := [name for need in missing for name in self.progress.failed(need)]:
            raise Mistake(f"stage {stage.name} needs {failed[0]}, which failed (log: {self.pipeline.out}/logs/{failed[0]}.log): mend that first")
        if missing:
            self.complain(f"stage {stage.name} needs {', '.join(need.name for need in missing)}: not there yet")
            return pipeline_jobs.NOT_YET
        return REQUEUE if self.signalled else self.run(stage, "stage")

    def follow(self, command, log):
        """Shows and keeps a command's output; its exit code and last lines."""
        tail, kept = [], Log(log, self.complain)
        kept.write(f"$ {shlex.join(command)}\n".encode())
        # A session of its own: the terminal's Ctrl-C comes through us alone.
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        if self.signalled:  # while it was being started
            self.process.send_signal(self.signalled)
        reader = threading.Thread(target=self.read, args=(kept, tail), daemon=True)
        reader.start()
        code = self.process.wait()
        reader.join(timeout=10)
        kept.close()
        return 128 - code if code < 0 else code, tail

    def read(self, kept, tail):
        for line in iter(self.process.stdout.readline, b""):
            kept.write(line)
            self.screen.write(line)
            tail[:] = [*tail[-30:], line.decode(errors="replace").strip()]

    def explain(self, stage, code, tail, log):
        errors = [line for line in tail if re.match(r"E[ \d]", line)]
        cause = (errors or [line for line in tail if line] or [""])[-1]
        again = "the same command goes on" if code == REQUEUE or code >= 128 or self.signalled else "mend it and give the same command again"
        self.complain(f"stage {stage.name} ended with code {code}: {cause} (log: {log}; {again})")

    def run_all(self):
        stages = self.pipeline.stages
        for number, stage in enumerate(stages, 1):
            if code := REQUEUE if self.signalled else self.run(stage, f"{number}/{len(stages)}"):
                return code
        self.say(f"done: {self.pipeline.out}")
        return 0
