#pragma once
#include <utility>

#include "src/base/option_list.h"
#include "src/eval/evaluator.h"
#include "src/eval/kernel_distance.h"

namespace helio::eval {

// Which scores compare features of drawn pictures with those of real ones.
struct DistanceChoice {
  bool fid = false;   // FrechetDistanceOf
  bool kid = false;   // KernelDistanceOf
  bool prdc = false;  // ManifoldScoresOf: "precision", "recall", "density", "coverage"
  bool any() const { return fid || kid || prdc; }
  int64_t least_rows() const;              // pictures that each side needs
  std::vector<std::string> names() const;  // of the scores chosen, in order
  void Declare(OptionList& list);
};

struct FeatureDistanceOptions {
  DistanceChoice choice = {.fid = true, .kid = true, .prdc = true};
  KernelDistanceOptions kernel = {};
  int64_t neighbours = 5;  // of prdc; Naeem et al. 2020, section 4
  std::string judge = {};  // trunk, resizing, digest of its weights: for the protocol
};

// The chosen scores of features {n, d} and {m, d}. Throws Error{kUser} where there are too few.
std::vector<Score> DistanceScores(const torch::Tensor& drawn, const torch::Tensor& real,
                                  const FeatureDistanceOptions& options);

// Drops repeated real pictures: an evaluation of more pictures than the data set's `rows` shows its real
// pictures again from that position on, and "real" keeps each of them once. Scores of nearest neighbours and
// of pairs would take a copy for a perfect likeness.
NamedTensors WithRealOnce(NamedTensors merged, int64_t rows);

// How far the features of drawn pictures lie from those of real ones. Ranks exchange rows, not moments, so
// that the scores are bit-identical for every number of ranks with equally many threads.
class FeatureDistances : public Evaluator {
 public:
  // `features` {B, d} of pictures.
  FeatureDistances(std::string name, ImageFunction features, FeatureDistanceOptions options);
  void Consume(const EvalBatch& batch) override;            // images, real, positions
  NamedTensors Partial() override { return rows_.Rows(); }  // "positions", "drawn", "real"
  NamedTensors Settled(NamedTensors merged, int64_t rows) const override {
    return WithRealOnce(std::move(merged), rows);
  }
  bool is_worth_a_file() const override { return true; }
  std::vector<Score> Finish(const NamedTensors& merged) const override;

 private:
  ImageFunction features_;
  FeatureDistanceOptions options_;
  RowCollector rows_;
};

}  // namespace helio::eval
