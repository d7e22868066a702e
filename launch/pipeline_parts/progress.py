"""What of a pipeline is done: its stages' marks in OUT/.pipeline."""
import hashlib
import json

from exit_codes import NEVER_AGAIN
from flagfiles import flagfile_texts

# Flags that change nothing in what a stage makes.
WATCHING = ("--expect_world_size=", "--metrics_", "--log_format=")


class Progress:
    def __init__(self, pipeline):
        self.pipeline = pipeline

    def key(self, stage):
        """What a stage's product depends on: its flags, the flagfiles that they name, and the same of the stages it needs. Not how many ranks make it,
        nor where it can be watched."""
        program = next(i for i, word in enumerate(stage.command) if word.endswith("/" + stage.kind.program))
        words = [word for word in stage.command[program + 1:] if not word.startswith(WATCHING)]
        return hashlib.sha256(json.dumps([words, flagfile_texts(words), [self.key(self.pipeline.stage(name)) for name in stage.needs]]).encode()).hexdigest()

    def stamp(self, stage):
        return self.pipeline.out / ".pipeline" / f"{stage.name}.json"

    def last_code(self, stage):
        """What it ended with when it last ran as it is now; None: it never did, or is running."""
        try:
            mark = json.loads(self.stamp(stage).read_text())
            return mark.get("code", 0) if mark["key"] == self.key(stage) else None
        except (OSError, ValueError, KeyError):
            return None

    def done(self, stage):
        return self.last_code(stage) == 0 and stage.is_whole()

    def failed(self, stage):
        """The names of the stages, it or those it rests on, that would only fail again (docs/running.md)."""
        own = [stage.name] if self.last_code(stage) in NEVER_AGAIN else []
        return own or [name for need in stage.needs for name in self.failed(self.pipeline.stage(need))]

    def mark(self, stage, seconds, code):
        self.stamp(stage).parent.mkdir(parents=True, exist_ok=True)
        temporary = self.stamp(stage).with_suffix(".tmp")
        temporary.write_text(json.dumps({"key": self.key(stage), "seconds": round(seconds, 1), "code": code}) + "\n")
        temporary.replace(self.stamp(stage))

    def missing(self, stage):
        """The stages it needs that are not done."""
        return [need for need in map(self.pipeline.stage, stage.needs) if not self.done(need)]
