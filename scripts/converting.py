"""What the converters (convert_*.py) and other scripts share: one line for whatever is wrong and its exit code, inputs that are what they seem, outputs
that are whole or not there, names that come once and numbers that are numbers."""
import contextlib
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "launch"))
from mistake import may_pass  # noqa: E402


class Problem(Exception):
    """One line for the user: what, where, remedy."""
    code = 1


class Trouble(Problem):
    """Of the machine, not of the input: a full disk, no memory. The same command may do later."""
    code = 75


def problem_of(error, where, remedy=""):
    """What an error of whatever library is to the user."""
    if isinstance(error, Problem):
        return error
    system = re.search(r"\(os error (\d+)\)", str(error))  # as safetensors tells it
    number = getattr(error, "errno", None) or (int(system[1]) if system else None)
    if isinstance(error, MemoryError):
        return Trouble(f"{where}: needs more memory than there is")
    text = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), "")
    if " " not in text:  # a KeyError's key, say
        text = f"{type(error).__name__} {text}".rstrip()
    return (Trouble if may_pass(number, begun=False) else Problem)(f"{where}: {text}{remedy}")  # what is written here is written at once


@contextlib.contextmanager
def reading(where, remedy=""):
    """At a damaged file libraries raise anything from EOFError to BadZipFile: a Problem that names the file."""
    try:
        yield
    except Exception as error:
        raise problem_of(error, where, remedy) from None


def exit_code(program, convert, where="system"):
    """Of convert(), after one line of what was wrong; 0 if nothing was and it says no other. `where`: what an error is of that names no file."""
    try:
        return convert() or 0
    except (Problem, OSError, MemoryError) as error:
        problem = problem_of(error, getattr(error, "filename", None) or where)
        print(f"{program}: {problem}", file=sys.stderr)
        return problem.code


# --- inputs ----------------------------------------------------------------------------------------------------------

def suffix_of(file):
    return os.path.splitext(file)[1].lower()


def check_beginning(data, file):
    """That a file's first bytes are not those of what a failed download leaves in its place."""
    if not data:
        raise Problem(f"{file}: is empty")
    if data.startswith(b"version https://git-lfs"):
        raise Problem(f"{file}: is a pointer of Git LFS, not the file itself: fetch that (git lfs pull), or download it again")
    if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml)", data[:200], re.IGNORECASE):
        raise Problem(f"{file}: is a page of HTML, not the file itself: a browser shows what it says; download the file again")


def check_input(file):
    """For libraries that open `file` themselves."""
    if os.path.exists(file) and not os.path.isfile(file):
        raise Problem(f"{file}: is {'a folder' if os.path.isdir(file) else 'a device or a pipe'}, expected a file")
    with reading(file), open(file, "rb") as content:
        check_beginning(content.read(200), file)


def read_bytes(file):
    with reading(file), open(file, "rb") as content:
        data = content.read()
    check_beginning(data, file)
    return data


def read_lines(file):
    """Of a text in UTF-8, also one from Windows (a mark at its beginning, CRLF); empty lines at its end do not count."""
    data = read_bytes(file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Problem(f"{file}: line {line} is not UTF-8: save it as UTF-8" + (" (it is UTF-16)" * (data[:2] in (b"\xff\xfe", b"\xfe\xff")))) from None
    return re.split(r"\r\n|\r|\n", text.rstrip())


# --- outputs ---------------------------------------------------------------------------------------------------------

def check_output(file, suffixes=(), inputs=()):
    """That `file` may be written, and is none of the inputs; asked before the work, too."""
    if not file:
        raise Problem("the name of the output is empty")
    if suffixes and suffix_of(file) not in suffixes:
        raise Problem(f"{file}: the suffix says what is written, and must be one of {' '.join(suffixes)}")
    if os.path.isdir(file):
        raise Problem(f"{file}: is a folder, expected the name of a file")
    if os.path.exists(file) and not os.path.isfile(file):
        raise Problem(f"{file}: is a device or a pipe, and would be replaced by a file")
    if any(os.path.exists(source) and os.path.exists(file) and os.path.samefile(source, file) for source in inputs):
        raise Problem(f"{file}: is the input, too, which would be lost: give the output another name")
    folder = os.path.dirname(os.path.realpath(file))
    if not os.path.isdir(folder):
        raise Problem(f"{file}: there is no folder {folder}: make it first")


def write_file(file, data):
    """All of `data`, or nothing: what was there stays until the new one is whole."""
    check_output(file)
    target = os.path.realpath(file)  # a link stays one
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise problem_of(error, file) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


# --- names and numbers -----------------------------------------------------------------------------------------------

def each_once(pairs, where, remedy=""):
    """As a dictionary, in which the last of equal names would win."""
    found = {}
    for name, value in pairs:
        if name in found:
            raise Problem(f"{where}: '{name}' comes twice{remedy}")
        found[name] = value
    return found


def real_numbers(values, form, where):
    """`values` as an array of `form` (float32, ...): real and finite."""
    import numpy
    with reading(where):
        array = numpy.asarray(values)
    if array.dtype.kind not in "fiu":
        raise Problem(f"{where}: of type {array.dtype}, not real numbers")
    with numpy.errstate(over="ignore"):
        array = array.astype(form)
    if not numpy.isfinite(array).all():
        raise Problem(f"{where}: not finite")
    return array
