#!/usr/bin/env python3
"""A step of each of the papers' other systems at its published size beside the small PyTorch version of ../shared/reference/family (family_peer.py), in turn
on the same machine, one process: tests/bench/family_bench.py [--systems stackgan1,...] [--rounds 2] [--threads 2]
Prints a Markdown table; each figure is the fastest of the rounds. Both sides train as many parameters, but for biases that a norm behind them takes
out again: ours has none there."""
import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import step_bench  # noqa: E402

PEER = pathlib.Path(__file__).resolve().parent / "family_peer.py"


@dataclasses.dataclass(frozen=True)
class Size:
    batch: int
    steps: int
    flags: tuple = ()  # () means the published one for CUB


SIZES = {
    "stackgan1": Size(16, 8),
    "stackgan2": Size(4, 3),
    "stackgan_pp": Size(4, 3),
    "gan_int_cls": Size(16, 8),
    "gawwn_box": Size(8, 4),
    "gawwn_keypoint": Size(8, 4),
    "gawwn_keypoint_generator": Size(64, 40),
    "cyclegan": Size(1, 2, ("configs/cyclegan/horse2zebra.flags",)),
    # The peers' encoder and critic are small ones.
    "ppgn": Size(4, 4, ("configs/cub/ppgn.flags", "--image_trunk=small", "--picture_critic=small", "--df=32")),
    "char_cnn_rnn": Size(64, 10, ("configs/coco/char_cnn_rnn.flags",)),
}
BIASES = 2e-3  # the largest share of the parameters that they are


def ours(system, size, threads):
    return step_bench.ours(system, size.batch, size.steps, threads, "cpu", *(size.flags or (f"configs/cub/{system}.flags",)))


def theirs(system, size, threads):
    said = subprocess.run([sys.executable, str(PEER), system, str(size.batch), str(size.steps), str(threads)], check=True, capture_output=True, text=True).stdout
    return json.loads(said.splitlines()[-1])


def compare(system, rounds, threads):
    """Images a second, ours and the peer's: the fastest of the rounds."""
    size = SIZES[system]
    turns = [(ours(system, size, threads), theirs(system, size, threads)) for _ in range(rounds)]
    counts = [side["parameters"] for side in turns[0]]
    if abs(counts[0] - counts[1]) > BIASES * counts[1]:
        sys.exit(f"family_bench: {system}: {counts[0]} parameters against {counts[1]} of the peer: not the same networks")
    return [size.batch / min(turn[side]["seconds"] for turn in turns) for side in (0, 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", default=",".join(SIZES))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    print("| system | batch | ours, images/s | peer, images/s | ratio |\n|---|---:|---:|---:|---:|")
    for system in arguments.systems.split(","):
        left, right = compare(system, arguments.rounds, arguments.threads)
        print(f"| {system} | {SIZES[system].batch} | {left:.3g} | {right:.3g} | {left / right:.2f} |", flush=True)


if __name__ == "__main__":
    main()
