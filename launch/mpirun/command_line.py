"""The launcher's own options, and the run's folder out of the command's."""
import argparse
import math
import pathlib

from flagfiles import flag_value


class Parser(argparse.ArgumentParser):
    def error(self, message):
        """Code 1, as for any mistake in flags; argparse would take 2."""
        self.exit(1, f"{self.prog}: error: {message}\n")


def number(kind):
    def check(text):
        value = kind(text)
        if not (math.isfinite(value) and value >= 0):
            raise argparse.ArgumentTypeError(f"{text}: at least 0")
        return value
    check.__name__ = kind.__name__
    return check


def add_options(parser):
    def seconds(name, default, text):
        parser.add_argument(name, type=number(float), default=default, metavar="SECONDS", help=f"{text} [%(default)s]")
    parser.add_argument("--restarts", type=number(int), default=10, metavar="N", help="restarts without progress before giving up [%(default)s]")
    seconds("--backoff", 5, "pause before the first restart; doubles each time")
    seconds("--backoff_max", 300, "longest pause")
    seconds("--deadline", 2400, "a job that neither logs nor writes for this long is killed and restarted; 0: never. Longer than the program's own "
                                "--first_deadline_seconds, so that it can name the missing ranks first")
    seconds("--ending", 60, "how long mpirun may take to end after a rank or host has failed: it waits for ever for a host that cannot be reached")
    seconds("--grace", 600, "how long the ranks may take to leave after a signal")
    parser.add_argument("--run", type=pathlib.Path, metavar="DIR", help="the run's folder [--out of the command]")
    parser.add_argument("--logs", type=pathlib.Path, metavar="DIR", help="attempt-<n>.log and attempts.jsonl go here [<run>/attempts]")
    parser.add_argument("--mpirun", default="mpirun", help="the mpirun to use [%(default)s]")


def divided(arguments):
    """(our own options, the command behind "--")."""
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1:]


def parse(arguments, description=None):
    """(options, the command that mpirun is given); ends the process with 1 at a mistake."""
    own, command = divided(arguments)
    parser = Parser(prog="launch/mpirun/run", description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
                    usage="launch/mpirun/run [options] -- [mpirun's options] PROGRAM [its flags]")
    add_options(parser)
    options = parser.parse_args(own)
    if not command:
        parser.error("nothing to start: put mpirun's options and the program after --")
    options.run = options.run or flag_value(command, "out")
    if options.run is None:
        parser.error("neither the command nor its flagfiles have --out=DIR: name the run's folder with --run")
    options.logs = options.logs or options.run / "attempts"
    return options, command
