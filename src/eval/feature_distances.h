#pragma once
#include "src/eval/evaluator.h"
#include "src/eval/kernel_distance.h"

namespace helio::eval {

struct FeatureDistanceOptions {
  bool fid = true, kid = true;
  KernelDistanceOptions kernel = {};
  std::string judge = {};  // trunk, resizing, digest of its weights: for the protocol
};

// How far the features of drawn pictures lie from those of real ones: scores "fid" (FrechetDistanceOf) and
// "kid" (KernelDistanceOf). Rows travel, not moments: the scores are the same bits for every number of ranks.
class FeatureDistances : public Evaluator {
 public:
  // `features` {B, d} of pictures.
  FeatureDistances(std::string name, ImageFunction features, FeatureDistanceOptions options);
  void Consume(const EvalBatch& batch) override;                  // images, real, positions
  NamedTensors Partial() const override { return rows_.Rows(); }  // "positions", "drawn", "real"
  std::vector<Score> Finish(const NamedTensors& merged) const override;

 private:
  ImageFunction features_;
  FeatureDistanceOptions options_;
  RowCollector rows_;
};

}  // namespace helio::eval
