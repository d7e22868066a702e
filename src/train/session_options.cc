#include "src/train/session_options.h"

#include "src/train/step_profile.h"

namespace helio::train {

void SessionOptions::Declare(OptionList& list) {
  list.Group("What is trained");
  list.AddOperational("out", &out, AnyValue(),
                      "Where the results go: a run's folder (checkpoints, metrics.jsonl, run.flags, "
                      "samples), a folder for scores or an export, helio-generate's picture");
  list.Group("Optimizers");
  list.Add("schedule", &schedule, kSchedules,
           "Learning rate over the run, for phases without a rate of their own");
  list.AddOperational("max_bad_steps", &max_bad_steps, AtLeast(1),
                      "Stop after this many steps in a row with non-finite gradients (each one is skipped)");
  list.Group("Checkpoints, reports");
  list.AddOperational("resume", &resume, AnyValue(),
                      "auto: newest whole checkpoint in --out; none: start anew; or a checkpoint folder");
  list.AddOperational("resume_override", &resume_override, AnyValue(),
                      "Comma-separated flags that may differ from the checkpoint's");
  list.AddOperational("checkpoint_every", &checkpoint_every, AtLeast(0),
                      "Steps between checkpoints (there is always one at the end)");
  list.AddOperational("keep_last", &retention.keep_last, AtLeast(1), "Newest checkpoints that are kept");
  list.AddOperational("keep_every", &retention.keep_every, AtLeast(0),
                      "Checkpoints at multiples of it are kept for ever (0: none)");
  list.AddOperational("keep_best", &retention.keep_best, AnyValue(),
                      "Keep the best checkpoint by this score of --evaluate_every (r_precision_top1; '-' in "
                      "front: lower is better)");
  list.AddOperational("on_checkpoint_failure", &on_checkpoint_failure, kAfterFailedWrites,
                      "When a checkpoint cannot be written: continue and try again at the next one, or stop");
  list.AddOperational("log_every", &log_every, AtLeast(1), "Steps between log lines");
  list.AddOperational("check_weights_every", &check_weights_every, AtLeast(0),
                      "Steps between checks that all ranks hold the same weights and averages (0: never)");
  list.AddOperational("profile", &profile, {"FROM-TO, as 21-24", &StepProfile::Admits},
                      "FROM-TO: trace these steps on every rank into --out/profile (docs/profiling.md)");
  list.AddOperational("sample_every", &sample_every, AtLeast(0), "Steps between sample pictures (0: none)");
  list.AddOperational("evaluate_every", &evaluate_every, AtLeast(0), "Steps between evaluations (0: none)");
  list.AddOperational("exit_code_requeue", &exit_code_requeue, Between(0, 255),
                      "Exit code after a checkpoint on SIGTERM or SIGUSR1");
}

}  // namespace helio::train
