"""A Slurm cluster of two nodes on this machine: Debian's munged, slurmctld and slurmd as child processes, in a folder of their own,
on free ports, beside any Slurm that is installed. Needs root (slurmd starts steps as their users)."""
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import wait_for  # noqa: E402
from scenarios import Services, free_ports  # noqa: E402

CONFIG = """ClusterName=heliotest
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
TmpFS={folder}/tmp.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.daemon.log
SlurmdLogFile={folder}/slurmd.%n.daemon.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_min_interval=0
MpiDefault=none
ReturnToService=2
JobRequeue=1
KillWait=5
MinJobAge=300
MaxArraySize=100
SlurmdParameters=config_overrides
SlurmdTimeout=60
MessageTimeout=30
RebootProgram=/bin/true
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={first} CPUs=4 RealMemory=1000 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={second} CPUs=4 RealMemory=1000 State=UNKNOWN
PartitionName=train Nodes=n1,n2 Default=YES MaxTime=60 DefaultTime=10 State=UP OverSubscribe=NO
"""


class Slurm:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))
        self.services = Services(self.folder)

    def __enter__(self):
        for name in ("munge", "state", "spool.n1", "spool.n2", "tmp.n1", "tmp.n2"):
            (self.folder / name).mkdir(parents=True)
        self.start_munge()
        controller, first, second = free_ports(3)
        (self.folder / "slurm.conf").write_text(CONFIG.format(folder=self.folder, host=socket.gethostname().split(".")[0],
                                                              controller=controller, first=first, second=second))
        config = str(self.folder / "slurm.conf")
        self.services.start("slurmctld", "/usr/sbin/slurmctld", "-D", "-f", config, env=self.environment)
        for node in ("n1", "n2"):
            self.services.start(f"slurmd.{node}", "/usr/sbin/slurmd", "-D", "-N", node, "-f", config, env=self.environment)
        wait_for("two idle nodes", lambda: self.call("sinfo", "-h", "-N", "-o", "%t").split() == ["idle"] * 2, 60)
        return self

    def start_munge(self):
        user = pwd.getpwnam("munge")
        place = self.folder / "munge"
        (place / "key").write_bytes(os.urandom(128))
        (place / "key").chmod(0o400)
        for path in (place, place / "key"):
            shutil.chown(path, user.pw_uid, user.pw_gid)
        place.chmod(0o755)
        self.services.start("munged", "/usr/sbin/munged", "--foreground", "--force", f"--socket={place}/socket", f"--key-file={place}/key",
                            f"--pid-file={place}/pid", f"--log-file={place}/log", f"--seed-file={place}/seed",
                            user=user.pw_uid, group=user.pw_gid)
        wait_for("munge's socket", (place / "socket").exists, 20)

    def __exit__(self, *_):
        """Steps are not children of the daemons: jobs must be gone before these."""
        end = time.time() + 60
        while self.call("squeue", "--noheader").strip() and time.time() < end:
            self.call("scancel", "--full", "--signal=KILL", "--user=root")
            self.call("scancel", "--user=root")
            time.sleep(1)
        self.services.__exit__()

    def call(self, *command):
        return subprocess.run(list(command), env=self.environment, capture_output=True, text=True, cwd=ROOT).stdout

    def submit(self, options, script, arguments, **environment):
        done = subprocess.run(["sbatch", "--parsable", *options, str(script), *arguments], env=dict(self.environment, **environment),
                              capture_output=True, text=True, cwd=ROOT)
        if done.returncode:
            sys.exit(f"sbatch {script}: {done.stderr}")
        return done.stdout.strip().split(";")[0]

    def job(self, number):
        """Fields of `scontrol show job` (an array's first task): JobState, Restarts, ExitCode, ..."""
        return dict(re.findall(r"(\w+)=(\S*)", self.call("scontrol", "show", "job", number).split("\n\n")[0]))

    def logs(self):
        return "\n".join(f"--- {f.name}\n{f.read_text(errors='replace')[-3000:]}" for f in sorted(self.folder.glob("*.log")))
