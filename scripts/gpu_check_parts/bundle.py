"""Gathers what the other machine lacks: programs and their shared objects, Open MPI, a font, configurations, recorded numbers, the reference in PyTorch."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HELIO_BUILD", ROOT / "build/release"))
REFERENCE = ROOT.parent / "shared/reference"
PROGRAMS = ["helio-train", "helio-pretrain", "helio-synth", "helio-pack", "helio-eval", "helio-generate", "communicator_test", "parity_test", "step_bench",
            "allreduce_bench", "overlap_bench", "step_recording_test", "capture_program"]
LIMIT_MIB = 58  # with what git tracks (5 MiB) below the 64 that travel
# The C library, torch, CUDA and the driver: the other machine has those.
THERE = r"/(libc|libm|libdl|librt|libpthread|libresolv|libutil|libstdc\+\+|libgcc_s|ld-linux-x86-64)[.-]|/site-packages/|/libcuda|/libnvidia|/cuda"
FONTS = ["/etc/fonts", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"]


def find_program(name):
    for folder in (BUILD / "bin", BUILD / "tests"):
        if (folder / name).exists():
            return folder / name
    sys.exit(f"gpu_check: no {name} in {BUILD} (HELIO_BUILD=FOLDER names another)")


def strip(files):
    subprocess.run(["strip", *files], stderr=subprocess.DEVNULL, check=False)


def copy_programs(out):
    (out / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy2(find_program(name), out / "bin")
    strip((out / "bin").iterdir())


def copy_with_folders(out, paths):
    """To where they are looked for, below out/root."""
    for path in map(pathlib.Path, filter(os.path.exists, paths)):
        target = out / "root" / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(path, target, ignore_dangling_symlinks=True) if path.is_dir() else shutil.copy2(path, target)


def shared_objects(files):
    """Those that the files need and the other machine lacks."""
    said = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True).stdout
    found = set(re.findall(r"=> (/\S+)", said))
    return {path for path in found if not re.search(THERE, path)}


def copy_mpi(out):
    """Open MPI looks for plug-ins, help texts and daemons at the absolute paths it was built with. Plug-ins of fabrics stay here: their libraries are large."""
    plug_ins = subprocess.run(["ompi_info", "--path", "pkglibdir", "--parsable"], capture_output=True, text=True, check=True).stdout.strip().split(":")[2]
    copy_with_folders(out, [plug_ins, "/usr/share/openmpi", "/etc/openmpi", "/usr/bin/orterun", "/usr/bin/orted", *FONTS])
    for plug_in in (out / "root").rglob("*.so"):
        if re.search(r"ucx|ofi|psm|openib|oshmem|memheap|scoll|sshmem|spml|atomic", plug_in.name):
            plug_in.unlink()
    strip([*(out / "root").rglob("*.so"), *(out / "root/usr/bin").iterdir()])


def copy_libraries(out):
    (out / "lib").mkdir()
    for path in shared_objects([*(out / "bin").iterdir(), *(out / "root").rglob("*.so"), *(out / "root/usr/bin").iterdir()]):
        shutil.copy(path, out / "lib")


def copy_reference(out):
    """The published code's step in PyTorch, where it is (it is not part of this repository)."""
    if (REFERENCE / "bench_reference.py").exists():
        shutil.copytree(REFERENCE / "peer", out / "reference/peer", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(REFERENCE / "bench_reference.py", out / "reference")


def recipes_by_program():
    """What the registry holds, as the programs name it: {recipe: program}."""
    known = {}
    for program in ("helio-pretrain", "helio-train"):
        said = subprocess.run([find_program(program), "--recipe=?"], capture_output=True, text=True).stderr
        known.update({name: program for name in re.search(r"--recipe='\?': one of ([\w ]+)", said)[1].split()})
    return known


def recipe_of(flagfile):
    """The last --recipe of a flagfile and of those that it names."""
    recipe = None
    for line in (ROOT / flagfile).read_text().splitlines():
        name, _, value = line.partition("=")
        recipe = value if name == "--recipe" else recipe_of(value) or recipe if name == "--flagfile" else recipe
    return recipe


def toy_trainings(programs):
    """{name: program and flags} of every toy configuration, and of recipes that have none of their own, with MirrorGAN's."""
    trainings = {}
    for file in sorted((ROOT / "configs/toy").glob("*.flags")):
        flagfile = f"configs/toy/{file.name}"
        trainings[file.stem] = {"program": programs[recipe_of(flagfile)], "flags": [f"--flagfile={flagfile}"]}
    for recipe, program in programs.items():
        trainings.setdefault(recipe, {"program": program, "flags": ["--flagfile=configs/toy/mirrorgan.flags", f"--recipe={recipe}"]})
    return trainings


def recorded(folder):
    """The smaller of each case's two recordings."""
    files = [*(folder / "fixtures").glob("*.safetensors"), *(folder / "fixtures-odd").glob("*.safetensors")]
    smallest = {}
    for file in sorted(files, key=lambda file: -file.stat().st_size):
        smallest[file.name] = file
    return list(smallest.values())


def chosen_fixtures(room):
    """As many recordings as fit: training loops first, then the small ones. (chosen, names of those left out)"""
    files = sorted(recorded(REFERENCE) + recorded(REFERENCE / "family"), key=lambda file: ("trajectory" not in file.name, file.stat().st_size))
    chosen = []
    for file in files:
        size = int(0.9 * file.stat().st_size)  # random numbers: little is gained by packing
        if size < room:
            chosen.append(file)
            room -= size
    return chosen, [file.name for file in files if file not in chosen]


def pack(archive, members, preset):
    """`members`: (file or folder, its name in the archive)."""
    def as_root(info):
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        return info
    with archive.open("wb") as file, subprocess.Popen(["xz", f"-{preset}", "--threads=0"], stdin=subprocess.PIPE, stdout=file) as xz:
        with tarfile.open(fileobj=xz.stdin, mode="w|") as packed:
            for path, name in members:
                packed.add(path, name, filter=as_root)
        xz.stdin.close()
    if xz.returncode:
        sys.exit(f"gpu_check: xz ended with code {xz.returncode}")


def gather(out):
    files = out / "files"
    copy_programs(files)
    copy_mpi(files)
    copy_libraries(files)
    copy_reference(files)
    shutil.copytree(ROOT / "configs", files / "configs")
    pack(out / "files.tar.xz", [(path, path.name) for path in sorted(files.iterdir())], preset=6)
    shutil.rmtree(files)


def pack_fixtures(out):
    """In what room is left; the names of those left out."""
    room = (LIMIT_MIB - 1 << 20) - (out / "files.tar.xz").stat().st_size
    chosen, left_out = chosen_fixtures(room)
    at = out / "at"
    at.mkdir()
    pack(out / "fixtures.tar.xz", [(at, "at"), *((file, f"shared/reference/{file.relative_to(REFERENCE)}") for file in chosen)], preset=1)
    at.rmdir()
    return len(chosen), left_out


def size_mib(out):
    return sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 2**20


def bundle(out):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    gather(out)
    count, left_out = pack_fixtures(out)
    shutil.copy2(ROOT / "scripts/gpu_check_there", out / "check")
    shutil.copytree(ROOT / "scripts/gpu_check_parts", out / "gpu_check_parts", ignore=shutil.ignore_patterns("__pycache__", "bundle.py"))
    revision = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    said = {"revision": revision, "programs": PROGRAMS, "fixtures": count, "fixtures_left_out": left_out, "trainings": toy_trainings(recipes_by_program())}
    (out / "bundle.json").write_text(json.dumps(said, indent=1) + "\n")
    print(f"gpu_check: {out} has {size_mib(out):.1f} MiB: {len(PROGRAMS)} programs with libraries and Open MPI {size_of(out, 'files'):.1f}, "
          f"{count} recordings {size_of(out, 'fixtures'):.1f} (left out: {len(left_out)}), {len(said['trainings'])} toy trainings")
    if size_mib(out) > LIMIT_MIB:
        sys.exit(f"gpu_check: more than {LIMIT_MIB} MiB")


def size_of(out, archive):
    return (out / f"{archive}.tar.xz").stat().st_size / 2**20
