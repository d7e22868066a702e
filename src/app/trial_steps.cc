#include "src/app/trial_steps.h"

#include <filesystem>

#include "dataio/upload.h"
#include "src/app/allocation_peak.h"
#include "src/app/main.h"
#include "src/app/training_flags.h"

namespace helio::app {
namespace {

int64_t BytesOf(const NamedTensors& tensors) {
  int64_t bytes = 0;
  for (const auto& entry : tensors) bytes += static_cast<int64_t>(entry.second.nbytes());
  return bytes;
}

}  // namespace

DryRunFacts FactsOf(const recipes::System& system, const train::Trainer& trainer,
                    const recipes::RecipeOptions& options, const dataio::Dataset& train,
                    const cluster::World& world) {
  DryRunFacts facts;
  facts.device = world.device.str();
  facts.flagfile = FlagsAsFlagfile({"dry_run"});
  facts.ranks = world.size;
  facts.rows = train.size();
  facts.batch = FLAGS_batch;
  facts.accumulate = FLAGS_accumulate;
  facts.trained = BytesOf(recipes::TensorsOf(system, recipes::Role::kTrained));
  facts.frozen = BytesOf(recipes::TensorsOf(system, recipes::Role::kFrozen));
  facts.averages = BytesOf(trainer.AverageState());
  for (const int64_t side : options.sides()) facts.cached += 3 * side * side;
  facts.pixels = facts.cached * static_cast<int64_t>(c10::elementSize(DtypeFlag()));
  facts.prefetch = FLAGS_prefetch;
  facts.shard_optimizer = FLAGS_shard_optimizer;
  return facts;
}

int64_t StepToResume(const train::RunIdentity& identity) {
  const auto snapshot = train::FindCheckpoint(std::filesystem::path(FLAGS_out) / "checkpoints", FLAGS_resume);
  if (!snapshot) return 0;
  train::CheckIdentity(*snapshot, identity, FLAGS_resume_override, FLAGS_out);
  return snapshot->step;
}

int64_t BytesOfTrialStep(train::Trainer& trainer, const recipes::RecipeOptions& options,
                         const dataio::Dataset& train, cluster::Communicator& communicator, int64_t rows) {
  auto loader_options = LoaderFlags(options, communicator.world());
  loader_options.global_batch = rows * communicator.size();
  dataio::Loader loader(train, loader_options, 0);
  const std::vector<dataio::Batch> batches(static_cast<size_t>(FLAGS_accumulate),
                                           Fetch(loader, options, communicator.world()));
  const recipes::StepContext context{
      .seed = FLAGS_seed, .device = communicator.world().device, .dtype = DtypeFlag()};
  communicator.BeginStep(0);
  const AllocationPeak peak;
  trainer.Step(batches, context, 0);
  return peak.bytes();
}

dataio::Batch Fetch(dataio::Loader& loader, const recipes::RecipeOptions& options,
                    const cluster::World& world) {
  dataio::Batch batch = loader.Next();
  dataio::Upload(batch, options.sides(), world.device, DtypeFlag());
  return batch;
}

}  // namespace helio::app
