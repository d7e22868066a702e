"""The parts in their order: what tells most first, because the limit may cut the rest."""
import json
import re

from gpu_check_parts import graphs, steps, suites, trainings
from gpu_check_parts.part import Stage

# Resumed before anything else is: a GAN with recurrent networks, encoders of words, pools of pictures.
FIRST_RESUMES = ("mirrorgan_damsm", "damsm", "cyclegan")


def all_stages(place):
    names = list(json.loads((place.bundle / "bundle.json").read_text())["trainings"])
    at_once = place.sizes.at_once
    later = [name for name in names if name not in FIRST_RESUMES]
    stages = [
        Stage([*trainings.make_data(place), suites.communicators(place, 1), suites.communicators(place, 2)], at_once),
        Stage([trainings.train(place, name, 1) for name in names], at_once),
        Stage([trainings.resume(place, name) for name in FIRST_RESUMES] + [trainings.evaluate(place), *graphs.graphs(place)], at_once),
        Stage(suites.parity(place), at_once),
        Stage(steps.steps(place, place.sizes.bench[0])),
        Stage([trainings.exact_ranks(place), *(trainings.train(place, name, 2) for name in names)], at_once),
        Stage([trainings.profile(place), suites.collectives(place)]),
        Stage([trainings.resume(place, name, 2) for name in FIRST_RESUMES] + [suites.parity_bfloat16(place)], at_once),
        Stage([trainings.resume(place, name) for name in later], at_once),
        Stage([suites.overlap(place)]),
    ]
    if place.sizes.large:
        stages.append(Stage(steps.steps(place, place.sizes.large, ("bfloat16",))))
    return stages


def chosen(stages, pattern):
    """Only parts whose names match; what they need must match, too."""
    kept = [Stage([part for part in stage.parts if re.search(pattern, part.name)], stage.at_once) for stage in stages]
    return [stage for stage in kept if stage.parts]
