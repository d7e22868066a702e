#pragma once
#include <string>
#include <vector>

#include "src/base/json.h"
#include "src/recipes/validation.h"
#include "src/train/run_directory.h"
#include "src/train/training_metrics.h"

namespace helio::train {

// Throws Error{kUser} where --keep_best (as Scoreboard's; empty: nothing is checked) is none of the scores
// `names`; `why_none`: what it says where there are none.
void CheckKeepBest(const std::string& keep_best, const std::vector<std::string>& names,
                   const std::string& why_none);

// The scores of a run's latest evaluation: for the log, the metrics, the record and the checkpoint of that
// step. Local, one thread.
class Scoreboard {
 public:
  // `keep_best`: the score that the best checkpoint is chosen by, with '-' in front where lower is better; or
  // empty.
  explicit Scoreboard(std::string keep_best) : keep_best_(std::move(keep_best)) {}

  // Throws Error{kUser} where `keep_best` is none of them.
  void Set(int64_t step, std::vector<recipes::ValidationScore> scores);
  // No scores, as before the first evaluation.
  void Clear() { step_ = -1; }
  // Whether they are of that step, and a checkpoint is chosen by them.
  bool ChoosesBest(int64_t step) const { return IsOf(step) && !keep_best_.empty(); }
  bool IsOf(int64_t step) const { return step_ == step; }
  Json Values() const;  // by name

  // Rank 0: in the log (with a warning of those that are not finite), as metrics, in metrics.jsonl. The
  // evaluation took `seconds`.
  void Publish(double seconds, TrainingMetrics& metrics, RunDirectory& run) const;

 private:
  const std::string keep_best_;
  int64_t step_ = -1;
  std::vector<recipes::ValidationScore> scores_;
};

}  // namespace helio::train
