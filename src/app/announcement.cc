#include "src/app/announcement.h"

#include <algorithm>

#include "src/base/numbers.h"
#include "src/recipes/registry.h"

namespace helio::app {
namespace {

bool FreezesARandomTrunk(const TrainingOptions& options, const ResolvedOptions& resolved) {
  const auto freezes = resolved.read.find("freeze_trunk");
  return freezes != resolved.read.end() && freezes->second == "true" &&
         !options.run.WeightFiles().contains("classifier") && !options.run.random_frozen;
}

bool ReestimatesNothing(const TrainingOptions& options, const ResolvedOptions& resolved) {
  const auto decay = resolved.read.find("ema_decay");
  return options.run.ema_batch_norm == AveragedStatistics::kReestimated && decay != resolved.read.end() &&
         ParseNumber<double>(decay->second) == 0.0;
}

// The roles whose weights neither the system takes nor a judge of its pictures, as flags.
std::string UnreadWeights(const RunOptions& run) {
  auto read = recipes::FindSystem(run.recipe).weights;
  for (const char* judge : {"damsm", "classifier"}) read.emplace_back(judge);
  std::string unread;
  for (const auto& entry : run.WeightFiles())
    if (std::ranges::find(read, entry.first) == read.end()) unread += " --" + entry.first;
  return unread;
}

}  // namespace

void Announce(const TrainingOptions& options, const ResolvedOptions& resolved, const recipes::System& system,
              const TrainingData& data, const cluster::Communicator& communicator, RunLength length) {
  const auto& run = options.run;
  const auto needs = system.Needs();
  int64_t parameters = 0;
  for (const auto& entry : TensorsOf(system, recipes::Role::kTrained)) parameters += entry.second.numel();
  LOG(INFO) << run.recipe << " on " << communicator.size() << " ranks (" << communicator.world().device
            << ", " << at::get_num_threads() << " threads each), " << static_cast<double>(parameters) / 1e6
            << " M parameters and buffers; " << data.Rows(needs) << " training rows, " << length.steps
            << " steps of " << run.batch << " images, " << length.steps_per_epoch << " steps an epoch";
  if (options.trainer.precision == Precision::kTf32 && communicator.world().device.is_cpu())
    LOG(INFO) << "--precision=tf32 is of CUDA devices: on CPUs this is float32";
  for (const auto& concern : data.Concerns(needs)) LOG(WARNING) << run.data << ": " << concern;
  if (FreezesARandomTrunk(options, resolved))
    LOG(WARNING) << run.recipe
                 << "'s image trunk is frozen, with random weights: --classifier gives it trained ones, "
                 << "--nofreeze_trunk trains it";
  if (ReestimatesNothing(options, resolved))
    LOG(WARNING) << "--ema_batch_norm=reestimated does nothing without an average: --ema_decay is 0";
  if (const auto unread = UnreadOptions(options.values, resolved) + UnreadWeights(run); !unread.empty())
    LOG(INFO) << run.recipe << " does not read" << unread;
}

}  // namespace helio::app
