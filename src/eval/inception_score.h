#pragma once
#include <optional>

#include "src/base/tensor.h"
#include "src/eval/evaluator.h"

namespace helio::eval {

struct InceptionScoreOptions {
  int64_t splits = 10;
  // Rows are shuffled by this seed before they are split, as the published script does; unset: in order.
  std::optional<uint64_t> shuffle_seed = 2020;
  std::string judge;  // which classifier: name and digest of its weights, for the protocol
};

// exp(mean KL(p(y|x) || p(y))) of each split of class probabilities {N, classes}; float64. Salimans et al.
// 2016, eq. in section 4. Split i is [i*N/splits, (i+1)*N/splits). Throws Error{kUser} where N < splits.
MeanDeviation InceptionScoreOf(const torch::Tensor& probabilities, int64_t splits);

// Scores: <name>. `probabilities` maps pictures to class probabilities {B, classes}.
class InceptionScore : public Evaluator {
 public:
  InceptionScore(std::string name, ImageFunction probabilities, InceptionScoreOptions options = {});
  void Consume(const EvalBatch& batch) override;  // images, positions
  NamedTensors Partial() override { return rows_.Rows(); }
  std::vector<Score> Finish(const NamedTensors& merged) const override;

 private:
  ImageFunction probabilities_;
  InceptionScoreOptions options_;
  RowCollector rows_;
};

}  // namespace helio::eval
