#include "src/app/run_setup.h"

#include "cluster/communicator_batch.h"
#include "cluster/cores.h"
#include "src/app/initial_weights.h"
#include "src/base/error.h"

namespace helio::app {
namespace {

int64_t StepsOf(const RunOptions& run, int64_t steps_per_epoch) {
  if (run.steps == 0 && run.epochs == 0) return 0;  // a run of the weights it is given
  if (run.steps > 0) return run.steps;
  const double steps = run.epochs * static_cast<double>(steps_per_epoch);
  if (steps < 1 || steps > 1e15)
    ThrowUser("is less than a step, or more than can be counted: an epoch has " +
                  std::to_string(steps_per_epoch) + " steps",
              "--epochs", "give --steps, or other --epochs");
  return static_cast<int64_t>(steps);
}

}  // namespace

std::unique_ptr<GlobalBatch> MakeBatch(BatchExtent extent, cluster::Communicator& communicator) {
  if (extent == BatchExtent::kRank) return std::make_unique<SoloBatch>();
  if (extent == BatchExtent::kHost) return cluster::MakeHostBatch(communicator);
  return cluster::MakeGlobalBatch(communicator);
}

std::unique_ptr<recipes::System> MakeSystemOnHost(const TrainingOptions& options,
                                                  const recipes::Surroundings& surroundings) {
  torch::set_default_dtype(caffe2::scalarTypeToTypeMeta(options.run.dtype));
  auto system = recipes::MakeSystem(options.run.recipe, options.values, surroundings);
  LoadInitialWeights(options.run.InitialFiles(), *system);
  return system;
}

dataio::LoaderOptions LoaderOptionsOf(const TrainingOptions& options, const cluster::World& world) {
  auto loader = options.loader;
  loader.rank = world.rank;
  loader.ranks = world.size;
  loader.device = world.device;
  return loader;
}

RunLength LengthOf(const RunOptions& run, int64_t rows) {
  const int64_t steps_per_epoch = rows / run.batch;
  return {StepsOf(run, steps_per_epoch), steps_per_epoch};
}

void UseThreads(int threads, cluster::Communicator& communicator) {
  const int cores = cluster::CoresOfRank(communicator);
  at::set_num_threads(threads > 0 ? threads : cores);
}

}  // namespace helio::app
