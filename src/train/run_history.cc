#include "src/train/run_history.h"

namespace helio::train {

std::string RunHistory::Add(const StepOutcome& outcome, int most_bad_steps) {
  bad_steps = outcome.skipped == 0 && outcome.finite_weights ? 0 : bad_steps + 1;
  if (!outcome.finite_weights) return "it made weights that are not finite";
  if (bad_steps < most_bad_steps) return "";
  return std::to_string(bad_steps) + " steps in a row had non-finite gradients";
}

void RunHistory::Write(Json& info) const {
  info["bad_steps"] = bad_steps;
  info["rollbacks"] = rollbacks;
  info["rollback_step"] = rollback_step;
  info["evaluation_pending"] = evaluation_pending ? 1 : 0;
}

void RunHistory::Take(const std::optional<Snapshot>& snapshot, cluster::Communicator& communicator) {
  const auto take = [&](const char* key, auto& value) {
    const auto recorded = snapshot ? snapshot->info.value(key, static_cast<int64_t>(value)) : value;
    value = static_cast<std::decay_t<decltype(value)>>(
        cluster::BroadcastScalar(communicator, static_cast<double>(recorded)));
  };
  take("bad_steps", bad_steps);
  take("evaluation_pending", evaluation_pending);
  take("rollbacks", rollbacks);
  take("rollback_step", rollback_step);
}

}  // namespace helio::train
