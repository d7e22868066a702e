#pragma once
#include <optional>
#include <string>

#include "cluster/communicator.h"
#include "src/base/json.h"
#include "src/train/checkpoint.h"
#include "src/train/step_outcomes.h"

namespace helio::train {

// What of a run's past decides its coming steps, beside weights and moments. The same on every rank; part of
// each checkpoint.
struct RunHistory {
  int bad_steps = 0;           // in a row, of the steps whose outcomes are read
  int rollbacks = 0;           // part of every later step's seed
  int64_t rollback_step = -1;  // where the last one went back to
  // The evaluation at the saved step did not come to its end.
  bool evaluation_pending = false;

  // Counts a step. What makes going on hopeless: one that no other can mend, or `most_bad_steps` bad ones in
  // a row; else empty.
  std::string Add(const StepOutcome& outcome, int most_bad_steps);

  void Write(Json& info) const;
  // From the checkpoint that rank 0 has read (the others: none); what it does not say stays. Collective.
  void Take(const std::optional<Snapshot>& snapshot, cluster::Communicator& communicator);
};

}  // namespace helio::train
