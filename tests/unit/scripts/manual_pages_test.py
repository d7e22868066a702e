#!/usr/bin/env python3
"""scripts/manual_pages: what bash offers of a program whose help is known, with the words as readline splits them."""
import gzip
import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "scripts/manual_pages"
HELP = """helio-toy draws: --out=FOLDER

What is drawn
  --deep=true                     Deeper: 1, 2 or 3 of it
  --dtype=float32                 Of networks; float64 for tests, on CPUs [float32 or float64]
  --out=                          Folder of this run: checkpoints, metrics.jsonl, samples
  --precision=float32             Of products [float32, tf32 or bfloat16]
  --recipe=                       System to train: attngan, gan_int_cls, mirrorgan
  --z=100                         Noise dimensions [1 to 65536]
"""


class ManualPages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="helio_manual_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        program = self.folder / "bin/helio-toy"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{HELP}END\n")
        program.chmod(0o755)
        subprocess.run([sys.executable, SCRIPT, program.parent, self.folder / "share"], check=True)
        self.work = self.folder / "work"
        (self.work / "my runs").mkdir(parents=True)
        for name in ("my runs/a.png", "other.txt", "mine.txt"):
            (self.work / name).touch()

    def offered(self, *words):
        """What completes the last of the words, and what readline is told about it."""
        file = self.folder / "share/bash-completion/completions/helio-toy"
        script = (f"compopt() {{ told=$2; }}; source {file}; COMP_WORDS=(helio-toy {shlex.join(words)}); COMP_CWORD={len(words)}; _helio_toy; "
                  'printf "%s\\n" "$told" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script], cwd=self.work, capture_output=True, text=True, check=True)
        told, *found = done.stdout.splitlines()
        return sorted(filter(None, found)), told

    def test_options(self):
        self.assertEqual(self.offered("--d"), (["--deep=", "--dtype="], "nospace"))
        self.assertEqual(len(self.offered("-")[0]), 8)

    def test_files_after_the_sign(self):
        """readline splits at '='."""
        everything = ["mine.txt", "my runs", "other.txt"]
        self.assertEqual(self.offered("--out", "="), (everything, "filenames"))
        self.assertEqual(self.offered("--out", "=", "my"), (["my runs"], "filenames"))
        self.assertEqual(self.offered("--out", "=", "my\\ runs/")[0], ["my runs/a.png"])
        self.assertEqual(self.offered("--out", "=", '"my r')[0], ["my runs"])
        self.assertEqual(self.offered("--out", "=", "none")[0], [])
        self.assertEqual(self.offered("--z", "=")[0], everything)
        self.assertEqual(self.offered("m")[0], everything[:2])

    def test_a_word_that_is_not_split(self):
        self.assertEqual(self.offered("--out=my")[0], ["--out=my runs"])
        self.assertEqual(self.offered("--dtype=float6")[0], ["--dtype=float64"])

    def test_values_that_the_help_names(self):
        self.assertEqual(self.offered("--dtype", "="), (["float32", "float64"], ""))
        self.assertEqual(self.offered("--precision", "=", "t"), (["tf32"], ""))
        self.assertEqual(self.offered("--recipe", "=")[0], ["attngan", "gan_int_cls", "mirrorgan"])
        self.assertEqual(self.offered("--deep", "=")[0], ["false", "true"])

    def test_a_page(self):
        page = gzip.decompress((self.folder / "share/man/man1/helio-toy.1.gz").read_bytes()).decode()
        self.assertIn(".B \\-\\-z=100\nNoise dimensions", page)


if __name__ == "__main__":
    unittest.main()
