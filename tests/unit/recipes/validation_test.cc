// What every pretraining's validation owes the training that it interrupts, and whoever believes its scores.
#include <gtest/gtest.h>

#include "cluster/solo_communicator.h"
#include "tests/unit/recipes/toy_training.h"

namespace helio::testing {
namespace {

class PretrainingTest : public ::testing::TestWithParam<std::string> {
 protected:
  std::vector<recipes::ValidationScore> Scores() {
    const auto batch = ToyBatch(3, {0, kToyBatch, kToyBatch}, torch::kFloat32, training_.system().Needs());
    return validation_->Finish(validation_->Consume(batch));
  }

  const std::unique_ptr<cluster::Communicator> solo_ = cluster::MakeSoloCommunicator();
  ToyTraining training_{GetParam(), *solo_, {}};
  const std::unique_ptr<recipes::Validation> validation_ = training_.system().MakeValidation();
};

TEST_P(PretrainingTest, BrokenWeightsHaveNoScore) {
  training_.Step(0, 0);
  for (const auto& score : Scores()) EXPECT_TRUE(std::isfinite(score.value)) << score.name;
  const torch::NoGradGuard no_grad;
  for (auto [name, tensor] : recipes::TensorsOf(training_.system(), recipes::Role::kTrained))
    if (tensor.is_floating_point()) tensor.fill_(NAN);
  for (const auto& score : Scores()) EXPECT_TRUE(std::isnan(score.value)) << score.name;
}

TEST_P(PretrainingTest, ItsScoresAreKnownByName) {
  std::vector<std::string> names;
  for (const auto& score : Scores()) names.push_back(score.name);
  EXPECT_EQ(validation_->names(), names);
}

// A step, a validation, a step: bit for bit two steps, whatever of the trunk is trained.
TEST_P(PretrainingTest, LeavesNoTrace) {
  training_.Step(0, 0);
  Scores();
  training_.Step(1, 1);
  ToyTraining undisturbed(GetParam(), *solo_, {});
  for (int64_t step : {0, 1}) undisturbed.Step(step, step);
  const auto got = training_.State(), expected = undisturbed.State();
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_TRUE(torch::equal(got[i].second, expected[i].second)) << expected[i].first;
}

INSTANTIATE_TEST_SUITE_P(Recipes, PretrainingTest,
                         ::testing::ValuesIn(recipes::SystemNames(recipes::Program::kPretrain)),
                         [](const auto& recipe) { return recipe.param; });

}  // namespace
}  // namespace helio::testing
