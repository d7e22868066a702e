// Promise 2: N ranks train the same model as one. Every recipe plays 20 steps in float64 on 1, 2, 3 and 4
// thread ranks with the same global batches; losses and final weights must agree to 1e-9.
#include <gtest/gtest.h>

#include "cluster/communicator_batch.h"
#include "cluster/thread_communicator.h"
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

// The first step's losses, means over the ranks, where statistics are those of each rank's own rows.
double LossWithLocalStatistics(const std::string& recipe, int ranks) {
  double mean = 0;
  cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
    SoloBatch own_rows;
    const auto all_rows = cluster::MakeGlobalBatch(communicator);
    const auto system = recipes::MakeSystem(recipe, ToyOptions(),
                                            {own_rows, *all_rows, 7, {{}, /*random=*/true}, ToyFacts()});
    train::Trainer trainer(*system, communicator, {});
    const auto rows = SplitRows(kToyBatch, communicator.rank(), ranks);
    const auto batch = ToyBatch(0, rows, torch::kFloat32, system->Needs());
    double own = 0;
    for (const auto& term : trainer.Step(batch, {.seed = 5}, 1).terms) own += term.value.item<double>();
    own = cluster::AllReduceScalar(communicator, own, cluster::Reduce::kMean);
    if (communicator.rank() == 0) mean = own;
  });
  return mean;
}

// What statistics are of decides nothing of how much a row counts.
TEST(RanksWithLocalStatistics, LossesAreMeansOfAllRowsWhateverStatisticsAreOf) {
  for (const char* recipe : {"classifier", "captioner"}) {
    const double alone = LossWithLocalStatistics(recipe, 1);
    EXPECT_NEAR(LossWithLocalStatistics(recipe, 3), alone, 0.3 * alone) << recipe;
  }
}

}  // namespace
}  // namespace helio::testing
