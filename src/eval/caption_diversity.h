#pragma once
#include "src/eval/evaluator.h"

namespace helio::eval {

// How different the pictures of one caption are: 1 - multi-scale structural similarity, the mean over all
// pairs of a caption's pictures (Odena et al. 2017, section 4.2, with captions in place of classes). 0: the
// generator ignores its noise.
class CaptionDiversity : public Evaluator {
 public:
  explicit CaptionDiversity(std::string name) : Evaluator(std::move(name)) {}
  void Consume(const EvalBatch& batch) override;  // several, positions
  NamedTensors Partial() override { return rows_.Rows(); }
  std::vector<Score> Finish(const NamedTensors& merged) const override;

 private:
  RowCollector rows_;
};

}  // namespace helio::eval
