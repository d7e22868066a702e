#include "src/app/trial_steps.h"

#include <filesystem>

#include "dataio/prefetcher.h"
#include "src/app/allocation_peak.h"

namespace helio::app {
namespace {

int64_t BytesOf(const NamedTensors& tensors) {
  int64_t bytes = 0;
  for (const auto& entry : tensors) bytes += static_cast<int64_t>(entry.second.nbytes());
  return bytes;
}

// Values of a row's pictures, all domains and sides together.
int64_t PictureValues(const std::vector<dataio::DomainNeeds>& needs) {
  int64_t values = 0;
  for (const auto& domain : needs)
    for (const int64_t side : domain.sides) values += (domain.wrong_images ? 6 : 3) * side * side;
  return values;
}

std::string FlagsToShow(const ResolvedOptions& resolved) {
  auto flags = resolved.read;
  flags.erase("dry_run");
  return ToFlagfile(flags);
}

}  // namespace

DryRunFacts FactsOf(const recipes::System& system, const train::Trainer& trainer, const TrainingData& data,
                    const TrainingOptions& options, const ResolvedOptions& resolved,
                    const cluster::World& world) {
  DryRunFacts facts;
  facts.device = world.device.str();
  facts.flagfile = FlagsToShow(resolved);
  facts.ranks = world.size;
  facts.rows = data.Rows(system.Needs());
  facts.batch = options.run.batch;
  facts.accumulate = options.trainer.accumulate;
  facts.trained = BytesOf(recipes::TensorsOf(system, recipes::Role::kTrained));
  facts.frozen = BytesOf(recipes::TensorsOf(system, recipes::Role::kFrozen));
  facts.averages = BytesOf(trainer.AverageState());
  facts.cached = PictureValues(system.Needs());
  facts.pixels = facts.cached * static_cast<int64_t>(c10::elementSize(options.run.torch_dtype()));
  facts.prefetch = options.loader.prefetch;
  facts.shard_optimizer = options.trainer.reducer.shard_optimizer;
  return facts;
}

int64_t StepToResume(const train::RunIdentity& identity, const train::SessionOptions& session) {
  const auto snapshot = train::FindCheckpoint(session.out / "checkpoints", session.resume);
  if (!snapshot) return 0;
  train::CheckIdentity(*snapshot, identity, session.resume_override, session.out.string());
  return snapshot->step;
}

int64_t BytesOfTrialStep(const recipes::System& system, train::Trainer& trainer, const TrainingData& data,
                         const TrainingOptions& options, cluster::Communicator& communicator, int64_t rows) {
  const auto& world = communicator.world();
  const auto needs = system.Needs();
  auto loader_options = LoaderOptionsOf(options, world);
  loader_options.global_batch = rows * communicator.size();
  dataio::Loader loader(data.Sources(needs), loader_options, 0);
  dataio::Prefetcher prefetcher(loader, needs, world.device, options.run.torch_dtype());
  const std::vector<dataio::Batch> batches(static_cast<size_t>(options.trainer.accumulate),
                                           prefetcher.Next(communicator.job().deadline_seconds()));
  const recipes::StepContext context{
      .seed = options.run.seed, .device = world.device, .dtype = options.run.torch_dtype()};
  communicator.BeginStep(0);
  const AllocationPeak peak;
  trainer.Step(batches, context, 0);
  return peak.bytes();
}

}  // namespace helio::app
