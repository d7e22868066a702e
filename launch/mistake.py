"""What a launcher or a script tells its user in one line: a mistake, or trouble of the machine."""
import errno

# A disk, a server or the way to it, or what this host has of files and memory: it may pass, as src/base/file_system.cc has it.
OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EROFS, errno.ESTALE, errno.ENOLCK,
                  errno.ETIMEDOUT, errno.ENOTCONN, errno.ESHUTDOWN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH,
                  errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EREMOTEIO,
                  errno.EAGAIN}  # no process or thread is to be had


class Mistake(Exception):
    """Of the user: told in one line, code 1."""


def may_pass(number, begun=True):
    """Whether an errno is of the machine, so that the same command may do later (code 75); otherwise a path or a program is at fault.
    `begun`: something was written there before, so that a file system that is read-only has turned so since."""
    return number in OF_THE_MACHINE and (begun or number != errno.EROFS)
