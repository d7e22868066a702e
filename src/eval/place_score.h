#pragma once
#include "src/eval/evaluator.h"

namespace helio::eval {

// Where a drawn bird is in pictures {B, 3, s, s} in [-1, 1]: {B, 4} left, top, width, height in units of the
// side; zeros where nothing is. What differs from the middle colour of its row, but for the outermost 3 % on
// each side: drawn backgrounds change from top to bottom alone, and a perch spans the picture. Of photographs
// this says nothing.
torch::Tensor ForegroundBoxes(const torch::Tensor& pictures);

// Intersection over union {B} of boxes {B, 4}.
torch::Tensor IntersectionOverUnion(const torch::Tensor& a, const torch::Tensor& b);

// What key points {B, P, 3} span: {B, 4}; zeros where none is visible.
torch::Tensor BoxesOfPoints(const torch::Tensor& points);

// Is the bird in the box that was asked for? Scores:
//   <name>_overlap        intersection over union of the asked box and the one that the bird is seen in
//   <name>_overlap_other  the same with the box of another picture: chance
//   <name>_centre_error   distance of their centres, in units of the side
//   <name>_size_error     |log| of their areas' ratio; of pictures where anything is seen
class PlaceScore : public Evaluator {
 public:
  explicit PlaceScore(std::string name) : Evaluator(std::move(name)) {}
  void Consume(const EvalBatch& batch) override;  // images, boxes, positions
  NamedTensors Partial() override { return rows_.Rows(); }
  std::vector<Score> Finish(const NamedTensors& merged) const override;

 private:
  RowCollector rows_;
};

}  // namespace helio::eval
