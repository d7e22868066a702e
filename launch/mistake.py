"""What a launcher tells its user in one line."""
import errno

# Of a file that cannot be written: its path is at fault. What is not here (a full disk, a volume that is gone) may pass.
OF_THE_USER = {errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOEXEC}


class Mistake(Exception):
    """Of the user: told in one line, code 1."""
