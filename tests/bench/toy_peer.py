"""The toy preset's MirrorGAN (configs/toy/mirrorgan.flags) in eager PyTorch: the same network sizes from the parts of ../shared/reference/peer, one
process. Usage: toy_peer.py BATCH STEPS THREADS [simulated]; prints a line of JSON: {"seconds": mean wall time of a step, "parameters": [G, D...]}
simulated: on a simulated device (tests/support/simulated_device), which counts launches and has no cuDNN."""
import json
import pathlib
import sys
import time

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "shared/reference"))
from peer.discriminator import Judge  # noqa: E402
from peer.generator import Generator, MirrorStage  # noqa: E402
from peer.layers import GLU, double_size, half_size, initialize, leaky  # noqa: E402
from peer.losses import CaptionLoss  # noqa: E402
from peer.text import CaptionRnn, TextEncoder  # noqa: E402
from peer.train import Trainer  # noqa: E402

VOCABULARY, WORDS, EMBEDDING, CONDITION, NOISE, WIDTH, SIDES = 120, 18, 64, 64, 32, 16, (16, 32, 64)


class FirstStage(nn.Module):
    """To 16 x 16 instead of 64 x 64: two doublings."""

    def __init__(self):
        super().__init__()
        wide = 4 * WIDTH
        self.fc = nn.Sequential(nn.Linear(CONDITION + NOISE, wide * 4 * 4 * 2, bias=False), nn.BatchNorm1d(wide * 4 * 4 * 2), GLU())
        self.upsample1, self.upsample2 = double_size(wide, wide // 2), double_size(wide // 2, wide // 4)

    def forward(self, noise, condition):
        return self.upsample2(self.upsample1(self.fc(torch.cat([condition, noise], dim=1)).view(noise.size(0), -1, 4, 4)))


class Discriminator(nn.Module):
    """Down to 4 x 4 of 8 x 16 channels from any of the sides."""

    def __init__(self, side):
        super().__init__()
        channels = 8 * WIDTH * 8 // side
        layers = [nn.Conv2d(3, channels, kernel_size=4, stride=2, padding=1, bias=False), leaky()]
        while channels < 8 * WIDTH:
            layers += half_size(channels, 2 * channels)
            channels *= 2
        self.img_code_s16 = nn.Sequential(*layers)
        self.UNCOND_DNET, self.COND_DNET = Judge(WIDTH), Judge(WIDTH, EMBEDDING)

    def forward(self, image):
        return self.img_code_s16(image)


def small_trunk():
    """The layers of --image_trunk=small, three a halving."""
    layers = []
    for channels_in, channels_out in ((3, 32), (32, 64), (64, 128), (128, 128)):
        layers += [nn.Conv2d(channels_in, channels_out, kernel_size=4, stride=2, padding=1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU()]
    return layers


class SmallCaptionCnn(nn.Module):
    """The small trunk in front of the captioner."""

    def __init__(self, embedding):
        super().__init__()
        self.trunk, self.linear, self.bn = nn.Sequential(*small_trunk()), nn.Linear(128, embedding), nn.BatchNorm1d(embedding, momentum=0.01)

    def forward(self, image):
        return self.bn(self.linear(self.trunk(image).mean(dim=(2, 3))))


def frozen(module):
    return module.eval().requires_grad_(False)


def make_trainer(device):
    netG = Generator(MirrorStage, ngf=WIDTH, embedding=EMBEDDING, condition=CONDITION, noise=NOISE, residuals=1)
    netG.h_net1 = FirstStage()
    netsD = [Discriminator(side) for side in SIDES]
    for net in (netG, *netsD):
        net.apply(initialize).to(device)
    captioner = CaptionLoss(frozen(SmallCaptionCnn(128)).to(device), frozen(CaptionRnn(128, 256, VOCABULARY)).to(device), weight=10)
    return Trainer(frozen(TextEncoder(VOCABULARY, inputs=64, embedding=EMBEDDING)).to(device), netG, netsD, captioner)


def main():
    batch, steps, threads = map(int, sys.argv[1:4])
    device = "cuda" if "simulated" in sys.argv[4:] else "cpu"
    torch.backends.cudnn.enabled = device == "cpu"  # a simulated device has none
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    trainer = make_trainer(device)
    reals = [(torch.rand(batch, 3, side, side) * 2 - 1).to(device) for side in SIDES]
    lengths = torch.randint(8, WORDS + 1, (batch,)).sort(descending=True).values
    lengths[0] = WORDS
    captions = torch.randint(1, VOCABULARY, (batch, WORDS)).masked_fill(torch.arange(WORDS) >= lengths[:, None], 0).to(device)

    def step():
        trainer.step(reals, captions, lengths, None, torch.randn(batch, NOISE, device=device))

    for _ in range(3):
        step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    nets = [trainer.netG, *trainer.netsD]
    print(json.dumps({"seconds": (time.perf_counter() - start) / steps, "parameters": [sum(p.numel() for p in net.parameters()) for net in nets]}))


if __name__ == "__main__":
    main()
