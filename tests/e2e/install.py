#!/usr/bin/env python3
"""The installed tree and the .deb: programs run from there, configurations are found from any folder, manual pages and completion know every option.
Usage: install.py BUILD_DIR"""
import gzip
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
PIPELINE = """[pipeline]
out = made
ranks = 2
[synth]
--families=3
--test_classes=20
--test_images=6
--images=280
[pack]
--root={synth}
[classifier]
--flagfile=configs/toy/classifier.flags
--data={pack}
--steps=3
[report]
{classifier/}
"""


def completed(share, program, *words):
    """What bash offers for the last word; readline splits at '='."""
    script = (f"source {share}/bash-completion/completions/{program}; COMP_WORDS=({program} {' '.join(words)}); COMP_CWORD={len(words)}; "
              f"_{program.replace('-', '_')} 2>/dev/null; echo \"${{COMPREPLY[@]}}\"")
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True).stdout.split()


def check_tree(prefix, work):
    binaries, share = prefix / "bin", prefix / "share"
    names = sorted(p.name for p in binaries.iterdir())
    check(names == sorted(p.name for p in (BUILD / "bin").glob("helio-*")), f"every program is there: {len(names)}")
    path = f"{binaries}:{os.environ['PATH']}"
    (work / "tiny.pipeline").write_text(PIPELINE)
    said = run(share / "heliograph/launch/pipeline", "tiny.pipeline", cwd=work, PATH=path).said
    check((work / "made/report/index.html").exists() and "done: made" in said, "the installed pipeline runs the installed programs, in the folder where it is called")
    run(binaries / "helio-inspect", "--path=made/pack", "--verify", cwd=work)
    said = run(binaries / "helio-train", f"--flagfile={share}/heliograph/configs/cub/mirrorgan.flags", "--data=/nowhere", "--out=x", cwd=work, expect=1).said
    check("/nowhere" in said and "flagfile" not in said, "flagfiles find the flagfiles that they name")
    check("holds no torch" in run(binaries / "helio-train", cwd=work, expect=1, HELIO_TORCH=str(work)).said, "a HELIO_TORCH without torch is named")
    check("helio-train" in run(binaries / "helio-train", "--help", cwd=work, HELIO_TORCH=str(ROOT / ".venv")).said, "HELIO_TORCH names the environment of the wheels")
    page = gzip.decompress((share / "man/man1/helio-pack.1.gz").read_bytes()).decode()
    check("\\-\\-side=304" in page and ".SH SYNOPSIS" in page, "manual pages have the options and their defaults")
    check(completed(share, "helio-report", "--sam") == ["--samples="], "bash completes an option")
    check(completed(share, "helio-train", "--dtype", "=") == ["float32", "float64"], "and its values")


def main():
    with tempfile.TemporaryDirectory(prefix="helio_install_") as folder:
        work = pathlib.Path(folder)
        run("cmake", "--install", BUILD, "--prefix", work / "prefix")
        check_tree(work / "prefix", work)
        run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", work / "package", cwd=work)
        package = next((work / "package").glob("*.deb"))
        fields = run("dpkg-deb", "--field", package).out
        check("Package: heliograph" in fields and "openmpi-bin" in fields, package.name)
        run("dpkg-deb", "--extract", package, work / "root")
        said = run(work / "root/usr/bin/helio-report", "--help", cwd=work).said
        check("--curve_points" in said and (work / "root/usr/share/heliograph/configs/toy/mirrorgan.flags").exists(), "the package's programs and configurations")


if __name__ == "__main__":
    main()
