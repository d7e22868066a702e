"""What an mpirun's end means: which code, and whether to try again (docs/running.md). Pure."""
import re
import signal

from exit_codes import NEVER_AGAIN, REQUEUE

# After one of these the job has failed, whatever mpirun still waits for.
FAILING = re.compile(r"mpirun (noticed|detected) that|Primary job +terminated|MPI_ABORT was invoked|"
                     r"(ORTE|PRTE) has lost communication|(ORTE|PRTE) daemon has unexpectedly failed")
# Trouble of the cluster that mpirun reports with the same code as a mistake in flags.
CLUSTER_TROUBLE = re.compile(r"(ORTE|PRTE) has lost communication|(ORTE|PRTE|PMIX) .*(unable to reach|was lost)|"
                             r"(ORTE|PRTE) (daemon )?(has unexpectedly failed|was unable to reliably start)|Connection (refused|timed out|reset)|"
                             r"No route to host|another job \(")
# Mistakes of the user that mpirun reports with codes of its own.
USER_TROUBLE = re.compile(r"unable to launch the specified application|unable to find the specified executable|not enough slots available|"
                          r"could not be found in the list of|unrecognized argument|Unknown option")
EXIT_CODE = re.compile(r"^\s*Exit code:\s+(\d+)", re.MULTILINE)


def verdict(code, output, killed, signals):
    """(the exit code, why it must not be tried again; None: it may) of an mpirun that ended with `code` and said `output` last;
    `killed`: why we had to kill it, None if it ended by itself; `signals`: how many wishes to stop there were."""
    if signals > 1:
        return 128 + signal.SIGTERM, "ended by a second signal"
    if killed:
        reported = EXIT_CODE.findall(output)
        code = int(reported[-1]) if reported else REQUEUE
    if code == 0:
        return 0, "done"
    if signals:
        return code, "stopped by a signal"
    if code in NEVER_AGAIN and not CLUSTER_TROUBLE.search(output):
        return code, NEVER_AGAIN[code]
    if USER_TROUBLE.search(output):
        return 1, "a mistake in mpirun's options or the program's path"
    return code, None
