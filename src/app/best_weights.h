#pragma once
#include <filesystem>
#include <map>
#include <optional>

#include "src/base/named_tensors.h"
#include "src/base/tensor.h"
#include "src/recipes/validation.h"
#include "src/train/resume.h"

namespace helio::app {

// The product of a pretraining: one file with the weights of the best validation score so far
// (docs/decisions/0003-best-file.md). Rank 0, one thread.
class BestWeights {
 public:
  // `identity`: what the run computes; flags that `allowed` (comma-separated) names may have been others.
  BestWeights(std::filesystem::path path, train::RunIdentity identity, std::string allowed, int64_t last_step)
      : path_(std::move(path)),
        identity_(std::move(identity)),
        allowed_(std::move(allowed)),
        last_step_(last_step) {}

  // The run goes on at `step`. A file of another run, or of one that begins anew, is moved to "before-" and
  // its name (with "-1", "-2", ... once there are such): its score is no measure for this one. Nor is that of
  // a later step, whose evaluation comes again. Throws Error{kData} where step or score are no numbers.
  void GoOnAt(int64_t step);
  // Writes the weights if the score is better than the file's. `metadata` has the run's flags as "flags". A
  // disk that is full costs a line in the log, and the next better ones are written; at the last step it
  // throws Error{kSystem}.
  void Offer(const recipes::ValidationScore& score, bool higher_is_better, int64_t step,
             const NamedTensors& weights, std::map<std::string, std::string> metadata);

 private:
  const std::filesystem::path path_;
  const train::RunIdentity identity_;
  const std::string allowed_;
  const int64_t last_step_;
  std::optional<double> best_;
};

}  // namespace helio::app
