#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dataio/batch.h"
#include "src/base/exit_code.h"
#include "src/base/option_list.h"
#include "src/base/tensor.h"
#include "src/recipes/validation.h"
#include "src/train/checkpoint_writer.h"
#include "src/train/resume.h"
#include "src/train/schedule.h"

namespace helio::train {

// --on_checkpoint_failure: what follows a checkpoint that could not be written.
enum class AfterFailedWrite {
  kContinue,  // another try at the next checkpoint; only the last one must succeed
  kStop,
};
inline constexpr Named<AfterFailedWrite> kAfterFailedWrites[] = {{AfterFailedWrite::kContinue, "continue"},
                                                                 {AfterFailedWrite::kStop, "stop"}};

struct SessionOptions {
  std::filesystem::path out;
  uint64_t seed = 1;
  int64_t steps = 0;  // train up to this step
  int64_t steps_per_epoch = 1;
  int64_t global_batch = 1;
  torch::Dtype dtype = torch::kFloat32;
  Schedule schedule = Schedule::kConstant;  // of phases without a rate of their own
  int64_t log_every = 20;
  int64_t checkpoint_every = 1000;
  int64_t sample_every = 0;
  int64_t evaluate_every = 0;  // also at the end
  Retention retention;         // with keep_best, an evaluation is followed by a checkpoint
  AfterFailedWrite on_checkpoint_failure = AfterFailedWrite::kContinue;
  std::string resume = kFromNewest;  // or kFromNothing, or a checkpoint's folder
  std::string resume_override;       // comma-separated flag names that may differ
  int max_bad_steps = 10;
  int64_t check_weights_every = 1000;  // whether all ranks still hold the same
  bool same_statistics = true;         // batch norm's, too
  std::string profile;                 // FROM-TO: steps that are traced
  int exit_code_requeue = kRequeueCode;
  // What a resume must agree on.
  RunIdentity identity;
  std::map<std::string, std::string> texts;  // files stored in each checkpoint, by name
  std::string version, revision;
  std::string weight_gradient;  // how they are computed here: "taps" or "by_shape"

  void Declare(OptionList& list);
};

// What a session asks of its surroundings. Collective unless said otherwise.
struct SessionHooks {
  // Begins to load the batches from step `start` on: at the start, and again after a rollback.
  std::function<void(int64_t start)> start_loading;
  // The next of them; trainer.accumulate() are taken a step.
  std::function<dataio::Batch()> next_batch;
  // Rank 0, at a checkpoint: what is stored beside the raw averages (generator buffers for averaged weights).
  // May be empty.
  std::function<NamedTensors()> average_buffers;
  // Rank 0: the run has its folder, and its resume is accepted; again where that folder was removed and had
  // to be made anew. May be empty.
  std::function<void()> started;
  // Scores at a cadence and at the end; all ranks. May be empty.
  std::function<std::vector<recipes::ValidationScore>(int64_t step)> evaluate;
  // Pictures at a cadence; rank 0, local. May be empty.
  std::function<void(int64_t step)> draw_samples;
};

}  // namespace helio::train
