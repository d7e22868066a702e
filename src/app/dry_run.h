#pragma once
#include <cstdint>
#include <string>

#include "src/app/run_setup.h"
#include "src/app/training_data.h"
#include "src/train/resume.h"

namespace helio::app {

// What --dry_run knows of a run. Sizes in bytes, of one rank before any sharing.
struct DryRunFacts {
  std::string device, flagfile;
  int64_t ranks = 1, rows = 0, batch = 0, accumulate = 1, steps = 0, steps_per_epoch = 0;
  int64_t resume_step = 0;                        // of the checkpoint it would go on from; 0: none
  int64_t trained = 0, frozen = 0, averages = 0;  // weights and buffers
  int64_t pixels = 0;                             // of one training row, all sides together, as on the device
  int64_t prefetch = 0, loaded = 0;               // batches ahead; pixel bytes of a row before the device
  // What steps with 2 and 4 rows a rank needed beside all that.
  int64_t trial_two = 0, trial_four = 0;
  bool shard_optimizer = false;
};

// The run that is tried.
struct TriedRun {
  const recipes::System& system;
  train::Trainer& trainer;
  const TrainingData& data;
  const TrainingOptions& options;
  const ResolvedOptions& resolved;
  train::RunIdentity identity;
  RunLength length;
};

// What --dry_run finds out, with two trial steps, which change the weights. Rank 0 reads and checks the whole
// checkpoint that the run would go on from; that, its first batch and its first step throw as those of the
// run itself would. Collective.
DryRunFacts FindDryRunFacts(const TriedRun& run, cluster::Communicator& communicator);

// The report: resolved flags, steps, rows of a rank, memory of a rank by what it is for. Activations grow
// with the rows of a micro-batch along the line through the two trial steps.
std::string DryRunText(const DryRunFacts& facts);

}  // namespace helio::app
