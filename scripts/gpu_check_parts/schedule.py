"""Runs the stages within the whole limit: a line a part on the terminal, and all of it as JSON after each part, so that it is there whatever comes."""
import concurrent.futures
import json
import threading
import time

from gpu_check_parts.part import FAILED, LEFT_OUT, OK, Failed, Job, LeftOut, Outcome, OutOfTime

LEAST_SECONDS = 5  # with less left no part is begun


class Schedule:
    def __init__(self, limit_s, logs, report, make_job=Job, clock=time.monotonic, patience=1):
        self.clock, self.begin = clock, clock()
        self.limit_s, self.logs, self.report, self.make_job = limit_s, logs, report, make_job
        self.patience = patience  # factor on the parts' own limits
        self.outcomes, self.about, self.lock = [], {}, threading.Lock()

    def left(self):
        return self.limit_s - (self.clock() - self.begin)

    def run(self, stages):
        for stage in stages:
            with concurrent.futures.ThreadPoolExecutor(stage.at_once) as pool:
                list(pool.map(lambda part: self.keep(self.play(part)), stage.parts))

    def play(self, part):
        """The part's outcome; whatever it raises is one."""
        if self.left() < LEAST_SECONDS:
            return Outcome(part.name, LEFT_OUT, why="no time was left")
        if missing := [name for name in part.needs if not self.is_ok(name)]:
            return Outcome(part.name, LEFT_OUT, why="needs " + ", ".join(missing))
        begin, own = self.clock(), part.seconds * self.patience
        is_cut = self.left() < own
        job = self.make_job(self.logs / f"{part.name}.log", time.monotonic() + min(own, self.left()))
        state, why = self.verdict(part, job, is_cut)
        return Outcome(part.name, state, round(self.clock() - begin, 1), why or job.note, job.figures, job.tail() if state == FAILED else [])

    def verdict(self, part, job, is_cut):
        try:
            part.do(job)
        except LeftOut as reason:
            return LEFT_OUT, str(reason)
        except OutOfTime:
            return (LEFT_OUT, "cut by the limit of the whole check") if is_cut else (FAILED, f"took longer than its {part.seconds * self.patience:g} s")
        except Failed as reason:
            return FAILED, str(reason)
        except Exception as error:  # a part that fails does not stop the others, whatever it is
            return FAILED, f"{type(error).__name__}: {error}"
        return OK, ""

    def is_ok(self, name):
        return any(one.part == name and one.ok for one in self.outcomes)

    def keep(self, outcome):
        with self.lock:
            self.outcomes.append(outcome)
            self.write()
            print(f"{outcome.state:8} {outcome.part} ({outcome.seconds:.0f} s){': ' + outcome.why if outcome.why else ''}", flush=True)
            for line in outcome.tail:
                print("        ", line, flush=True)

    def write(self):
        parts = [{"part": o.part, "ok": o.ok, "seconds": o.seconds, "figures": o.figures, "note": o.why, "tail": o.tail} for o in self.outcomes]
        result = {**self.about, "limit_s": self.limit_s, "seconds": round(self.clock() - self.begin, 1), "failed": self.named(FAILED),
                  "left_out": self.named(LEFT_OUT), "parts": parts}
        temporary = self.report.with_suffix(".part")
        temporary.write_text(json.dumps(result, indent=1) + "\n")
        temporary.replace(self.report)

    def named(self, state):
        return [one.part for one in self.outcomes if one.state == state]

    def exit_code(self):
        """0: all was done, and well; 1: a part failed; 3: none failed, some were left out."""
        return 1 if self.named(FAILED) else 3 if self.named(LEFT_OUT) else 0
