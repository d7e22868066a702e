#include <set>

#include "src/app/main.h"
#include "src/app/training_flags.h"

namespace helio::app {
namespace {

// Flags that change where and how fast, never what is computed.
const std::set<std::string>& OperationalFlags() {
  static const auto& names = *new std::set<std::string>{"out",
                                                        "resume",
                                                        "resume_override",
                                                        "checkpoint_every",
                                                        "keep_last",
                                                        "keep_every",
                                                        "keep_best",
                                                        "on_checkpoint_failure",
                                                        "log_every",
                                                        "sample_every",
                                                        "evaluate_every",
                                                        "evaluate_images",
                                                        "dry_run",
                                                        "threads",
                                                        "workers",
                                                        "prefetch",
                                                        "expect_world_size",
                                                        "deadline_seconds",
                                                        "bucket_mb",
                                                        "first_bucket_mb",
                                                        "hierarchy",
                                                        "shard_optimizer",
                                                        "metrics_port",
                                                        "metrics_bind",
                                                        "push_gateway",
                                                        "log_format",
                                                        "data",
                                                        "damsm",
                                                        "captioner",
                                                        "classifier",
                                                        "weights",
                                                        "max_bad_steps",
                                                        "steps",
                                                        "epochs",
                                                        "exit_code_requeue",
                                                        "first_deadline_seconds"};
  return names;
}

}  // namespace

std::string TrainingIdentity() { return FlagsAsFlagfile(OperationalFlags()); }

}  // namespace helio::app
