#pragma once
#include <filesystem>
#include <map>
#include <optional>

#include "src/base/named_tensors.h"
#include "src/base/tensor.h"
#include "src/recipes/validation.h"

namespace helio::app {

// A pretraining's product: the weights with the best validation score so far, in one file
// (docs/decisions/0003-best-file.md). Rank 0.
class BestWeights {
 public:
  // Goes on from the file that is there, unless `anew`.
  BestWeights(std::filesystem::path path, bool anew);
  // Writes the weights if the score is better than the file's.
  void Offer(const recipes::ValidationScore& score, bool higher_is_better, int64_t step,
             const NamedTensors& weights, std::map<std::string, std::string> metadata);

 private:
  const std::filesystem::path path_;
  std::optional<double> best_;
};

}  // namespace helio::app
