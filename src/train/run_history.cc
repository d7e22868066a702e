#include "src/train/run_history.h"

#include "cluster/communicator.h"
#include "src/train/checkpoint.h"
#include "src/train/step_outcomes.h"

namespace helio::train {

std::string RunHistory::Add(const StepOutcome& outcome, int most_bad_steps) {
  bad_steps = outcome.skipped == 0 && outcome.finite_weights ? 0 : bad_steps + 1;
  if (!outcome.finite_weights) return "it made weights that are not finite";
  if (bad_steps < most_bad_steps) return "";
  return std::to_string(bad_steps) + " steps in a row had non-finite gradients";
}

void RunHistory::Restore(const std::optional<Snapshot>& snapshot, cluster::Communicator& communicator) {
  if (snapshot) *this = snapshot->info.history;
  const auto spread = [&](auto& value) {
    value = static_cast<std::decay_t<decltype(value)>>(
        cluster::BroadcastScalar(communicator, static_cast<double>(value)));
  };
  spread(bad_steps);
  spread(evaluation_pending);
  spread(rollbacks);
  spread(rollback_step);
}

}  // namespace helio::train
