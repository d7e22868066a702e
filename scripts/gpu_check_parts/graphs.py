"""CUDA graphs (--cuda_graph): a training with them has the bits of one without; the recording's own suite; a capture by itself."""
from gpu_check_parts import suites, trainings
from gpu_check_parts.part import Failed, LeftOut, Part

# Of capture_program: its exit code with a mistake that CUDA must refuse, and with none. Of the others each runtime makes what it likes.
CAPTURES = {"none": 0, "read": 4, "wait": 4}
# What a batch shows that is read where it lay depends on who got its memory.
OF_MEMORY = "*ABatchThatIsNotCopied*"
# On a simulated device only streams that are queues can be captured.
QUEUES = {"SIM_ASYNC": "1"}


def on_device(place, name, do, **more):
    def checked(job):
        if place.device != "cuda":
            raise LeftOut("a CPU has no graphs")
        do(job)
    return Part(name, checked, **more)


def check_captured(said):
    if "nothing is captured" in said:
        raise Failed("nothing is captured; the log says why")


def train(place):
    """MirrorGAN's toy: two steps as they are, one captured, the others launched."""
    steps = place.sizes.graph_steps

    def run(job, *more):
        out = place.work / ("graphs-with" if more else "graphs-without")
        said = job.call(*trainings.command(place, "mirrorgan", out, f"--steps={steps}", f"--checkpoint_every={steps}", *more), **QUEUES)
        return out, said

    def do(job):
        plain, _ = run(job)
        ours, said = run(job, "--cuda_graph")
        check_captured(said)
        trainings.report_speed(job, said)
        trainings.same_bits(job, ours, plain, steps, "with graphs")
    return on_device(place, "graphs_mirrorgan", do, seconds=120, needs=("data_day", "data_night"))


def recording(place):
    suite = place.program("step_recording_test", f"--gtest_filter=-{OF_MEMORY}")
    return on_device(place, "graphs_recording", lambda job: suites.run_tests(job, suite, **QUEUES), seconds=60)


def captures(place):
    def do(job):
        for mistake, code in CAPTURES.items():
            job.call(*place.program("capture_program", mistake), expect=code, **QUEUES)
    return on_device(place, "graphs_captures", do, seconds=60)


def graphs(place):
    return [train(place), recording(place), captures(place)]
