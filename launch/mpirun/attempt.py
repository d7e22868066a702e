"""One mpirun and all its processes on this host."""
import os
import pathlib
import signal
import subprocess
import threading
import time
import uuid

from mistake import Mistake, may_pass
from outlets import Log
from output import SCREEN, say
from verdict import FAILING

MARKER = "HELIO_LAUNCH_ID"


def marked(identity):
    """Processes on this host that the attempt started, wherever they hang in the tree."""
    wanted, found = f"{MARKER}={identity}".encode(), []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        except OSError:
            pass  # gone, or not ours
    return found


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def end_all(identity, seconds=10):
    """No process of the attempt is left on this host: an orphan would hold the lock of the run's folder."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, seconds)):
        end = time.monotonic() + patience
        for pid in marked(identity):
            send(pid, number)
        while marked(identity):
            if time.monotonic() > end:
                break
            time.sleep(0.1)
        else:
            return


class Attempt:
    """One mpirun, its output copied to a log and to our stderr."""

    def __init__(self, command, log):
        self.identity = uuid.uuid4().hex
        self.text, self.failing = "", None  # tail of the output; when it first told of a failure
        self.last_output = time.time()
        self.log = Log(log, say)
        # A session of its own: the terminal's Ctrl-C must reach us only, because mpirun kills its ranks on SIGINT.
        try:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                                            env={**os.environ, MARKER: self.identity})
        except FileNotFoundError:
            raise Mistake(f"{command[0]}: not found (load your MPI module, or name it with --mpirun)") from None
        except (OSError, ValueError) as error:
            if may_pass(getattr(error, "errno", None)):
                raise
            raise Mistake(f"{command[0]}: cannot be started: {getattr(error, 'strerror', error)}") from None
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in iter(self.process.stdout.readline, b""):
            self.log.write(line)
            SCREEN.write(line)
            self.last_output = time.time()
            text = line.decode(errors="replace")
            self.text = (self.text + text)[-20000:]
            if self.failing is None and FAILING.search(text):
                self.failing = time.time()

    def close(self):
        end_all(self.identity)
        self.reader.join(timeout=5)
        self.log.close()

    def code(self):
        code = self.process.returncode
        return 128 - code if code < 0 else code
