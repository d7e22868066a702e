#pragma once
#include "src/eval/evaluator.h"

namespace helio::eval {

// How often a classifier sees the class that a picture was drawn for. Scores: <name>, <name>_top5.
class ClassAccuracy : public Evaluator {
 public:
  // `probabilities` maps pictures to class probabilities {B, classes}; `judge`: name and digest of its
  // weights.
  ClassAccuracy(std::string name, ImageFunction probabilities, std::string judge)
      : Evaluator(std::move(name)), probabilities_(std::move(probabilities)), judge_(std::move(judge)) {}
  void Consume(const EvalBatch& batch) override;  // images, classes, positions
  NamedTensors Partial() override { return rows_.Rows(); }
  std::vector<Score> Finish(const NamedTensors& merged) const override;

 private:
  ImageFunction probabilities_;
  std::string judge_;
  RowCollector rows_;
};

}  // namespace helio::eval
