// Promise 2: N ranks train the same model as one. Every recipe plays 20 steps in float64 on 1, 2, 3 and 4
// thread ranks with the same global batches; losses and final weights must agree to 1e-9.
#include <gtest/gtest.h>

#include "tests/unit/recipes/toy_training.h"

namespace helio::testing {
namespace {

constexpr int64_t kSteps = 20;

class Ranks : public ::testing::TestWithParam<std::string> {
 private:
  DefaultDtype dtype_{torch::kFloat64};
};

TEST_P(Ranks, TrainTheSameModel) {
  const train::TrainerOptions options{.reducer = {.bucket_mb = 0.001}};
  const auto alone = PlayToy(GetParam(), 1, kSteps, options);
  for (const int ranks : {2, 3, 4})
    ExpectSame(PlayToy(GetParam(), ranks, kSteps, options), alone, 1e-9, std::to_string(ranks) + " ranks");
}

INSTANTIATE_TEST_SUITE_P(Recipes, Ranks, ::testing::ValuesIn(recipes::SystemNames()),
                         [](const auto& recipe) { return recipe.param; });

}  // namespace
}  // namespace helio::testing
