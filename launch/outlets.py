"""What is said and kept: neither a reader that is gone nor a full disk stops the job."""
import errno
import os
import queue
import threading


class Screen:
    """Our stdout or stderr, written by a thread of its own: a reader that stands still or is gone (a pager, a closed terminal, a full disk)
    costs lines here, never the job or its log."""
    MOST = 20000  # lines that wait for a slow reader

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.lines = queue.SimpleQueue()  # its put may be interrupted by a signal handler that puts
        threading.Thread(target=self.run, daemon=True).start()

    def write(self, data):
        if self.lines.qsize() < self.MOST:
            self.lines.put(data)

    def run(self):
        while True:
            data = self.lines.get()
            if isinstance(data, threading.Event):
                data.set()
                continue
            try:
                while data:
                    data = data[os.write(self.descriptor, data):]
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EAGAIN):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), self.descriptor)  # nobody will read it any more

    def flush(self, seconds=2):
        shown = threading.Event()
        self.lines.put(shown)
        shown.wait(seconds)


class Log:
    """A file that the job does not depend on: what cannot be written is told once, by `say`, and left out."""

    def __init__(self, path, say):
        self.path, self.say, self.file, self.failing = path, say, None, False
        self.write(b"")  # it is there, also for a job that says nothing

    def write(self, data):
        try:
            self.file = self.file or self.path.open("ab", buffering=0)
            while data:
                data = data[self.file.write(data):]
            self.failing = False
        except OSError as error:
            if not self.failing:
                self.say(f"{self.path}: cannot be written: {error.strerror}; the job goes on")
            self.failing = True

    def close(self):
        if self.file:
            self.file.close()
