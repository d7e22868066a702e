#!/usr/bin/env python3
"""AttnGAN's pickles to plain files, without executing anything that is in them.

  scripts/convert_vocab.py captions.pickle vocabulary.json     [train, test, ixtoword, wordtoix] -> --vocab of helio-pack
  scripts/convert_vocab.py filenames.pickle filenames.txt      a list of names, one a line
  scripts/convert_vocab.py class_info.pickle classes.txt       a list of class numbers, one a line

Protocols 0 to 4, of Python 2 and 3, by a reader that executes nothing (pickle_reader.py); files whose line ends were damaged to
CRLF on the way are mended. Exit status: 0 done, 1 bad input, 75 a full disk."""
import argparse
import json
import sys

from converting import Problem, check_output, exit_code, read_bytes, reading, suffix_of, write_file
from pickle_reader import is_list_of, load, text_of


def words_of(value, where):
    """The words by id of AttnGAN's [train captions, test captions, ixtoword, wordtoix]."""
    ixtoword, wordtoix = value[2], value[3]
    words = [text_of(ixtoword.get(i)) for i in range(len(ixtoword))]
    if any(not isinstance(word, str) for word in words):
        missing = next(i for i, word in enumerate(words) if not isinstance(word, str))
        raise Problem(f"{where}: ixtoword has {len(words)} entries but none of number {missing}")
    if not words or words[0] != "<end>":
        raise Problem(f"{where}: word 0 is '{words[0] if words else ''}', not '<end>'")
    if {text_of(word): number for word, number in wordtoix.items()} != {word: i for i, word in enumerate(words)}:
        raise Problem(f"{where}: wordtoix is not the inverse of ixtoword")
    check_captions(value[:2], len(words), where)
    return words


def check_captions(splits, size, where):
    for split, captions in zip(("train", "test"), splits):
        for number, caption in enumerate(captions if isinstance(captions, (list, tuple)) else ()):
            ids = caption if isinstance(caption, (list, tuple)) else ()
            if any(not isinstance(word, int) or not 0 <= word < size for word in ids):
                raise Problem(f"{where}: {split} caption {number} has a word outside the vocabulary of {size}")


def is_captions(value):
    return isinstance(value, (list, tuple)) and len(value) == 4 and all(isinstance(part, dict) for part in value[2:])


def convert(value, where, out=""):
    """The text of the output file `out`, and what it is."""
    if is_captions(value):
        words = words_of(value, where)
        return json.dumps({"format_version": 1, "words": words}), f"{len(words)} words"
    if suffix_of(out) == ".json":
        held = "a list of captions" if is_list_of(value, (str, bytes)) and any(" " in text_of(entry) for entry in value) else "no vocabulary"
        raise Problem(f"{where}: holds {held}, not AttnGAN's [train, test, ixtoword, wordtoix]; a .json can be made of that alone"
                      " (a list of names or numbers: give the output another suffix, such as .txt)")
    if is_list_of(value, (str, bytes)) or is_list_of(value, int):
        lines = [text_of(entry) if isinstance(entry, (str, bytes)) else str(entry) for entry in value]
        if any("\n" in line or "\r" in line for line in lines):
            raise Problem(f"{where}: an entry has a line end inside")
        return "".join(line + "\n" for line in lines), f"{len(lines)} lines"
    raise Problem(f"{where}: holds neither [train, test, ixtoword, wordtoix] nor a list of names or numbers")


def run(source, out):
    check_output(out, inputs=[source])
    text, summary = convert(load(read_bytes(source), source), source, out)
    with reading(source):  # half a surrogate
        data = text.encode()
    write_file(out, data)
    print(f"{out}: {summary}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pickle")
    parser.add_argument("out")
    options = parser.parse_args(arguments)
    return exit_code("convert_vocab", lambda: run(options.pickle, options.out))


if __name__ == "__main__":
    sys.exit(main())
