"""Stages as Slurm's jobs, one each."""
import os
import pathlib
import subprocess

from flagfiles import ROOT
from mistake import Mistake
from pipeline_parts.progress import Progress
from pipeline_parts.telling import tell

PATIENCE = "60"  # seconds: so long may a node not see yet what another has written to a shared folder (NFS)


def submit(pipeline, arguments, options):
    """A Slurm job for each stage that is not done; it begins when those it needs have ended well."""
    if not pathlib.Path(arguments[0]).is_file():
        raise Mistake(f"{arguments[0]}: is no file that the jobs could read")
    jobs, progress = {}, Progress(pipeline)
    for stage in pipeline.stages:
        if progress.done(stage):
            tell(f"{stage.name}: done already")
            continue
        before = [jobs[name] for name in stage.needs if name in jobs]
        command = ["sbatch", "--parsable", f"--job-name=helio-{stage.name}", "--kill-on-invalid-dep=yes",
                   f"--ntasks={pipeline.settings['ranks'] if stage.kind.parallel else 1}", *options]
        command += [f"--dependency=afterok:{':'.join(before)}"] if before else []
        try:
            done = subprocess.run([*command, str(ROOT / "launch/slurm/stage.sbatch"), *arguments, "--only", stage.name, "--patience", PATIENCE],
                                  capture_output=True, text=True, env={"HELIO_HOME": str(ROOT), **os.environ})
        except OSError as error:
            raise Mistake(f"sbatch: cannot be started: {error.strerror} (on a machine of the cluster that submits jobs it is there)") from None
        if done.returncode:
            raise Mistake(f"sbatch for stage {stage.name}: {done.stderr.strip()}")
        jobs[stage.name] = done.stdout.strip().split(";")[0]
        tell(f"{stage.name}: job {jobs[stage.name]}" + (f" after {', '.join(before)}" if before else ""))
    return 0
