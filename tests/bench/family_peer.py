"""A training step of the papers' other systems at the published sizes in plain PyTorch, by ../shared/reference/family/peer_*.py, one process.
Usage: family_peer.py SYSTEM BATCH STEPS THREADS; prints a line of JSON: {"seconds": mean wall time of a step, "parameters": how many are trained}"""
import json
import pathlib
import sys
import time

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "shared/reference/family"))
import peer_char_cnn_rnn as char_cnn_rnn  # noqa: E402
import peer_cyclegan as cyclegan  # noqa: E402
import peer_gawwn as gawwn  # noqa: E402
import peer_int_cls as int_cls  # noqa: E402
import peer_ppgn as ppgn  # noqa: E402
import peer_stackgan as stackgan  # noqa: E402
import peer_stackganpp as stackgan_pp  # noqa: E402
import torch7_semantics as torch7  # noqa: E402
from toy_peer import frozen, small_trunk  # noqa: E402

EMBEDDING, NOISE, POINTS, POOL = 1024, 100, 15, 50


def pictures(batch, side):
    return torch.rand(batch, 3, side, side) * 2 - 1


def sentences(batch):
    return torch.randn(batch, EMBEDDING)


def noise(batch):
    return torch.randn(batch, NOISE)


def trained(*nets):
    return sum(parameter.numel() for net in nets for parameter in net.parameters() if parameter.requires_grad)


def stackgan_step(stage, batch):
    netG = stackgan.Stage1G(gf=128) if stage == 1 else stackgan.Stage2G(gf=128, blocks=4)
    netD = stackgan.Disc(stage, df=64)
    trainer = stackgan.Trainer(stackgan.init_weights(netG), stackgan.init_weights(netD))
    real, text = pictures(batch, 64 if stage == 1 else 256), sentences(batch)
    return trained(netG, netD), lambda: trainer.step(real, text, noise(batch))


def stackgan_pp_step(batch):
    sides = (64, 128, 256)
    netG, netsD = stackgan_pp.init_weights(stackgan_pp.Gen()), [stackgan_pp.init_weights(stackgan_pp.Disc(side)) for side in sides]
    trainer = stackgan_pp.Trainer(netG, netsD)
    real, wrong, text = [pictures(batch, side) for side in sides], [pictures(batch, side) for side in sides], sentences(batch)
    return trained(netG, *netsD), lambda: trainer.step(real, noise(batch), text, wrong)


def int_cls_step(batch):
    netG, netD = torch7.weights_init(int_cls.Generator()), torch7.weights_init(int_cls.Discriminator())
    optimizers = int_cls.optimizers(netG, netD)
    real, wrong, text = pictures(batch, 64), pictures(batch, 64), sentences(batch)
    return trained(netG, netD), lambda: int_cls.train_step(netG, netD, *optimizers, real, wrong, text, noise(batch), noise(batch + batch // 2))


def gawwn_step(kind, batch):
    netG, netD, play = {"gawwn_box": (gawwn.BoxGenerator, gawwn.BoxDiscriminator, gawwn.box_step),
                        "gawwn_keypoint": (gawwn.KeypointGenerator, gawwn.KeypointDiscriminator, gawwn.keypoint_step),
                        "gawwn_keypoint_generator": (gawwn.PointsGenerator, gawwn.PointsDiscriminator, gawwn.points_step)}[kind]
    netG, netD = torch7.weights_init(netG()), torch7.weights_init(netD())
    optimizers = gawwn.optimizers(netG, netD)
    text, real = sentences(batch), pictures(batch, 128)
    points = torch.cat([torch.rand(batch, POINTS, 2), torch.ones(batch, POINTS, 1)], 2)
    if kind == "gawwn_keypoint_generator":
        given = gawwn.hold_some(points, torch.rand(batch, POINTS) < 0.9)[1]
        return trained(netG, netD), lambda: play(netG, netD, *optimizers, points, given, text, noise(batch))
    if kind == "gawwn_keypoint":
        maps = gawwn.point_maps(points)
        return trained(netG, netD), lambda: play(netG, netD, *optimizers, real, text, text.roll(1, 0), maps, noise(batch))
    theta = torch.tensor([[0.5, 0, 0.1], [0, 0.6, -0.1]]).expand(batch, 1, 2, 3)
    text = text[:, None]
    return trained(netG, netD), lambda: play(netG, netD, *optimizers, real, text, text.roll(1, 0), theta, noise(batch)[:, None])


def cyclegan_step(batch):
    nets = [cyclegan.init_weights(net) for net in (cyclegan.Generator(), cyclegan.Generator(), cyclegan.Discriminator(), cyclegan.Discriminator())]
    trainer = cyclegan.Trainer(*nets, pool=POOL)
    a, b = pictures(batch, 256), pictures(batch, 256)
    return trained(*nets), lambda: trainer.step(a, b)


class SmallTrunk(nn.Module):
    """--image_trunk=small as PPGN's frozen encoder: the map before its mean, and the code."""

    def __init__(self):
        super().__init__()
        layers = small_trunk()
        self.features, self.rest = nn.Sequential(*layers[:9]), nn.Sequential(*layers[9:])

    def code_of(self, features):
        return self.rest(features).mean((2, 3))

    def code(self, image):
        return self.code_of(self.features(image))


def ppgn_step(batch):
    netG, netD, encoder = ppgn.Generator(code=128), ppgn.SmallDiscriminator(32), frozen(SmallTrunk())
    optimizers, balance = [torch7.Adam(net.parameters(), 2e-4, 0.9) for net in (netG, netD)], ppgn.Balance()
    weights, real = {"img": 1.0, "h1": 1.0, "h": 1.0, "adv": 0.05}, pictures(batch, 256)
    return trained(netG, netD), lambda: ppgn.train_step(netG, encoder, netD, *optimizers, balance, real, 256, weights)


def char_cnn_rnn_step(batch):
    net = char_cnn_rnn.CharCnnRnn()
    optimizer = torch7.Adam(net.parameters(), 2e-4)
    captions = torch.randint(1, 71, (2, batch, char_cnn_rnn.DOC_LENGTH))

    def step():
        loss = char_cnn_rnn.caption_pair_loss(net(captions[0]), net(captions[1]))
        optimizer.step(torch7.grad(loss, net.parameters()))

    return trained(net), step


STEPS = {"stackgan1": lambda batch: stackgan_step(1, batch), "stackgan2": lambda batch: stackgan_step(2, batch), "stackgan_pp": stackgan_pp_step,
         "gan_int_cls": int_cls_step, "cyclegan": cyclegan_step, "ppgn": ppgn_step, "char_cnn_rnn": char_cnn_rnn_step,
         **{kind: lambda batch, kind=kind: gawwn_step(kind, batch) for kind in ("gawwn_box", "gawwn_keypoint", "gawwn_keypoint_generator")}}


def main():
    batch, steps, threads = map(int, sys.argv[2:5])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    parameters, step = STEPS[sys.argv[1]](batch)
    step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    print(json.dumps({"seconds": (time.perf_counter() - start) / steps, "parameters": parameters}))


if __name__ == "__main__":
    main()
