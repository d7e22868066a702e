#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace helio::cluster {
class Communicator;
}

namespace helio::train {

struct Snapshot;
struct StepOutcome;

// What of a run's past decides its coming steps, beside weights and moments. The same on every rank; part of
// each checkpoint.
struct RunHistory {
  int bad_steps = 0;           // in a row, of the steps whose outcomes are read
  int rollbacks = 0;           // part of every later step's seed
  int64_t rollback_step = -1;  // where the last one went back to
  // The evaluation at the saved step did not come to its end.
  bool evaluation_pending = false;

  // Not among bad steps: a training that diverges may come back to here.
  bool is_way_back() const { return bad_steps == 0; }

  // Counts a step. What makes going on hopeless: one that no other can mend, or `most_bad_steps` bad ones in
  // a row; else empty.
  std::string Add(const StepOutcome& outcome, int most_bad_steps);

  // From the checkpoint that rank 0 has read (the others: none). Collective.
  void Restore(const std::optional<Snapshot>& snapshot, cluster::Communicator& communicator);
};

}  // namespace helio::train
