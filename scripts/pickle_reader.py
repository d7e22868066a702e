"""Reads pickles without executing anything that is in them: the converters' shared reader.

A pickle is a program for a small stack machine. Reader knows only the instructions that build lists, dictionaries, tuples, strings and
numbers (and numpy's integers, as numbers) and refuses any other; convert_embeddings.py adds arrays. Protocols 0 to 4, of Python 2 and
3. load() also mends files whose line ends were damaged to CRLF on the way."""
import codecs
import pickletools
import re
import struct

from converting import Problem


class Malformed(Exception):
    """The bytes are no pickle that we read."""


MARK = object()


class Name:
    """A global that the pickle names. Never looked up."""

    def __init__(self, module, name):
        self.path = f"{module}.{name}"


def path_of(function):
    """Of what a pickle calls."""
    return function.path if isinstance(function, Name) else f"a {type(function).__name__}"


class NumpyType:
    def __init__(self, code):
        self.code = code
        self.little = True

    def number(self, data):
        if not re.fullmatch(r"[iu][1248]", self.code) or len(data) != int(self.code[1]):
            raise Malformed(f"numpy value of type {self.code}")
        return int.from_bytes(data, "little" if self.little else "big", signed=self.code[0] == "i")


def text_of(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


class Bytes:
    """Takes one value after the other from `data`."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count < 0 or self.at + count > len(self.data):
            raise Malformed(f"ends early, at byte {self.at}")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def sized(self, form):
        return self.take(self.number(form))


class Reader(Bytes):
    """Executes one pickle over `data`. Values: list, dict, tuple, str, bytes, int, float, bool, None, Name, NumpyType."""
    actions = {}  # by instruction: a function of the reader; set below

    def __init__(self, data):
        super().__init__(data)
        self.stack, self.memo = [], {}

    def run(self):
        while True:
            code = self.take(1)[0]
            if code == ord("."):
                return self.pop()
            action = self.actions.get(code)
            if action is None:
                known = pickletools.code2op.get(chr(code))
                raise Malformed(f"instruction {known.name if known else hex(code)} at byte {self.at - 1} is refused")
            try:
                action(self)
            except (TypeError, ValueError, AttributeError, OverflowError) as error:  # values of another kind than the instruction needs
                raise Malformed(f"{error}, before byte {self.at}") from None

    def line(self):
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise Malformed(f"ends early, at byte {self.at}")
        return self.take(end + 1 - self.at)[:-1]

    def push(self, value):
        self.stack.append(value)

    def pop(self):
        if not self.stack or self.stack[-1] is MARK:
            raise Malformed(f"empty stack at byte {self.at}")
        return self.stack.pop()

    def top(self, kind):
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise Malformed(f"no {kind.__name__} to add to at byte {self.at}")
        return self.stack[-1]

    def since_mark(self):
        for i in range(len(self.stack) - 1, -1, -1):
            if self.stack[i] is MARK:
                values = self.stack[i + 1:]
                del self.stack[i:]
                return values
        raise Malformed(f"no mark at byte {self.at}")

    def put(self, index):
        if not self.stack:
            raise Malformed(f"empty stack at byte {self.at}")
        self.memo[index] = self.stack[-1]

    def get(self, index):
        if index not in self.memo:
            raise Malformed(f"unknown reference {index} at byte {self.at}")
        self.push(self.memo[index])

    def integer(self, text):
        try:
            return int(text)
        except ValueError:
            raise Malformed(f"{text!r} is no number, at byte {self.at}") from None

    def decoded(self, data, encoding):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            raise Malformed(f"a string before byte {self.at} is not {encoding}") from None

    def extend(self, values):
        self.top(list).extend(values)

    def update(self, values):
        if len(values) % 2:
            raise Malformed(f"a key without value at byte {self.at}")
        self.top(dict).update(self.pairs(values))

    def pairs(self, values):
        """Keys of other kinds are refused before they are hashed: Python itself ends over a tuple in a tuple in a tuple ..."""
        if not all(isinstance(key, (str, bytes, int, float)) for key in values[::2]):
            raise Malformed(f"a key that is neither text nor a number, at byte {self.at}")
        return dict(zip(values[::2], values[1::2]))

    def tuple(self, count):
        values = [self.pop() for _ in range(count)]
        self.push(tuple(reversed(values)))


def read_int(reader):
    text = reader.line().strip()
    reader.push({b"00": False, b"01": True}.get(text, None) if text in (b"00", b"01") else reader.integer(text))


def read_string(reader):
    text = reader.line().strip()
    if len(text) < 2 or text[:1] not in b"'\"" or text[-1:] != text[:1]:
        raise Malformed(f"an unquoted string before byte {reader.at}")
    try:
        reader.push(codecs.escape_decode(text[1:-1])[0])
    except ValueError as error:
        raise Malformed(f"{error} before byte {reader.at}") from None


def append(reader):
    value = reader.pop()
    reader.extend([value])


def set_item(reader):
    value, key = reader.pop(), reader.pop()
    reader.update([key, value])


def read_global(reader):
    reader.push(Name(text_of(reader.line()), text_of(reader.line())))


def stack_global(reader):
    name, module = reader.pop(), reader.pop()
    reader.push(Name(text_of(module), text_of(name)))


def reduce(reader):
    """Only numpy's integers, which AttnGAN's class_info.pickle is made of."""
    arguments, called = reader.pop(), reader.pop()
    path = path_of(called)
    if path == "numpy.dtype" and arguments and isinstance(arguments, tuple):
        reader.push(NumpyType(text_of(arguments[0])))
    elif re.fullmatch(r"numpy\.(_core|core)\.multiarray\.scalar", path) and len(arguments) == 2 \
            and isinstance(arguments[0], NumpyType):
        data = arguments[1]
        reader.push(arguments[0].number(data.encode("latin-1") if isinstance(data, str) else data))
    else:
        raise Malformed(f"calls {path}, which is refused")


def build(reader):
    state = reader.pop()
    kind = reader.top(NumpyType)
    if not isinstance(state, tuple) or len(state) < 2:
        raise Malformed(f"strange numpy type at byte {reader.at}")
    kind.little = text_of(state[1]) != ">"


def signed(data):
    return int.from_bytes(data, "little", signed=True)


# One row an instruction: pickle's own names are in the comments where the code does not say them.
Reader.actions = {ord(code): action for code, action in {
    "(": lambda r: r.push(MARK), "0": lambda r: r.pop(), "2": lambda r: r.push(r.top(object)),
    "N": lambda r: r.push(None), "\x88": lambda r: r.push(True), "\x89": lambda r: r.push(False),
    "I": read_int, "L": lambda r: r.push(r.integer(r.line().strip().rstrip(b"L"))),
    "J": lambda r: r.push(r.number("<i")), "K": lambda r: r.push(r.number("<B")), "M": lambda r: r.push(r.number("<H")),
    "\x8a": lambda r: r.push(signed(r.sized("<B"))), "\x8b": lambda r: r.push(signed(r.sized("<i"))),
    "G": lambda r: r.push(r.number(">d")),
    "S": read_string, "T": lambda r: r.push(r.sized("<i")), "U": lambda r: r.push(r.sized("<B")),
    "B": lambda r: r.push(r.sized("<I")), "C": lambda r: r.push(r.sized("<B")), "\x8e": lambda r: r.push(r.sized("<Q")),
    "V": lambda r: r.push(r.decoded(r.line(), "raw-unicode-escape")),
    "X": lambda r: r.push(r.decoded(r.sized("<I"), "utf-8")),
    "\x8c": lambda r: r.push(r.decoded(r.sized("<B"), "utf-8")),
    "\x8d": lambda r: r.push(r.decoded(r.sized("<Q"), "utf-8")),
    "]": lambda r: r.push([]), "}": lambda r: r.push({}), ")": lambda r: r.push(()),
    "l": lambda r: r.push(r.since_mark()), "d": lambda r: r.push(r.pairs(r.since_mark())),
    "t": lambda r: r.push(tuple(r.since_mark())),
    "\x85": lambda r: r.tuple(1), "\x86": lambda r: r.tuple(2), "\x87": lambda r: r.tuple(3),
    "a": append, "e": lambda r: r.extend(r.since_mark()), "s": set_item, "u": lambda r: r.update(r.since_mark()),
    "p": lambda r: r.put(r.integer(r.line().strip())), "q": lambda r: r.put(r.number("<B")),
    "r": lambda r: r.put(r.number("<I")), "\x94": lambda r: r.put(len(r.memo)),  # MEMOIZE
    "g": lambda r: r.get(r.integer(r.line().strip())), "h": lambda r: r.get(r.number("<B")),
    "j": lambda r: r.get(r.number("<I")),
    "c": read_global, "\x93": stack_global, "R": reduce, "b": build,
    "\x80": lambda r: r.take(1), "\x95": lambda r: r.take(8),  # PROTO, FRAME
}.items()}


# --- damaged line ends -----------------------------------------------------------------------------------------------

def is_crlf_damaged(data):
    """Every line end is CRLF: no pickle writes that by itself (a text one ends its lines with LF)."""
    return b"\n" in data and not re.search(rb"(?<!\r)\n", data)


def load(data, where):
    """The value of a pickle. Some tools leave a CRLF that was there alone, so that mending takes one CR too many: where
    reading then fails, the CRs before the failing byte are put back, the last first, until it reads."""
    if not is_crlf_damaged(data):
        return first_that_reads([data], where)
    ends = [match.start() for match in re.finditer(rb"\r\n", data)]
    return first_that_reads(mended(data, ends), where)


def first_that_reads(candidates, where):
    first = None
    for data in candidates:
        try:
            return Reader(data).run()
        except (Malformed, struct.error) as error:
            first = first or error
    raise Problem(f"{where}: {first}; the file is damaged or no list or vocabulary")


def mended(data, ends, tries=64):
    yield data.replace(b"\r\n", b"\n")
    kept = set()
    for _ in range(tries):
        reader = Reader(without_cr(data, ends, kept))
        try:
            reader.run()
            break
        except (Malformed, struct.error):
            pass
        best = furthest(data, ends, kept, reader.at)
        if best is None:
            return
        kept.add(best)
        yield without_cr(data, ends, kept)


def without_cr(data, ends, kept):
    parts, begin = [], 0
    for end in ends:
        if end in kept:
            continue
        parts.append(data[begin:end])
        begin = end + 1
    return b"".join(parts) + data[begin:]


def furthest(data, ends, kept, failed_at, window=6):
    """Of the last CRs before the failure: the one which, put back, lets the reading get furthest."""
    before = [end for number, end in enumerate(ends) if end - number <= failed_at + len(kept) and end not in kept]
    reached = {}
    for end in before[-window:]:
        reader = Reader(without_cr(data, ends, kept | {end}))
        try:
            reader.run()
            return end
        except (Malformed, struct.error):
            reached[end] = reader.at
    best = max(reached, key=reached.get, default=None)
    return best if best is not None and reached[best] > failed_at else None


def is_list_of(value, kinds):
    return isinstance(value, list) and bool(value) and all(isinstance(entry, kinds) for entry in value)
