#include "src/eval/class_accuracy.h"

#include "tests/unit/eval/batches.h"

namespace helio::eval {
namespace {

// Pictures are their own probabilities here.
EvalBatch Seen(const torch::Tensor& probabilities, const torch::Tensor& classes) {
  EvalBatch batch;
  batch.positions = torch::arange(classes.size(0));
  batch.images = probabilities;
  batch.classes = classes;
  return batch;
}

double First(ClassAccuracy accuracy, const EvalBatch& batch, size_t score = 0) {
  accuracy.Consume(batch);
  return accuracy.Finish(accuracy.Partial()).at(score).value;
}

ClassAccuracy MakeClassAccuracy() {
  return {"class_accuracy", [](const torch::Tensor& images) { return images; }, "judge@0"};
}

TEST(ClassAccuracy, CountsTheAskedClassAmongTheMostProbable) {
  const auto every = torch::arange(10);
  const auto right = torch::eye(10);
  EXPECT_DOUBLE_EQ(First(MakeClassAccuracy(), Seen(right, every)), 1);
  EXPECT_EQ(First(MakeClassAccuracy(), Seen(right.roll(1, 0), every)), 0);
  const auto third = right + 2 * right.roll(1, 0) + 3 * right.roll(2, 0);
  EXPECT_EQ(First(MakeClassAccuracy(), Seen(third, every)), 0);
  EXPECT_DOUBLE_EQ(First(MakeClassAccuracy(), Seen(third, every), 1), 1);
}

// Ties are lost, and so is what is no number.
TEST(ClassAccuracy, NothingIsWonByChance) {
  const auto every = torch::arange(10);
  EXPECT_EQ(First(MakeClassAccuracy(), Seen(torch::full({10, 10}, 0.1), every), 1), 0);
  EXPECT_EQ(First(MakeClassAccuracy(), Seen(torch::full({10, 10}, NAN), every), 1), 0);
}

}  // namespace
}  // namespace helio::eval
