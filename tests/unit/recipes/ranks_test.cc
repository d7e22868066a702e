// Promise 2: N ranks train the same model as one. Every recipe plays 20 steps in float64 on 1, 2, 3 and 4
// thread ranks with the same global batches; losses and final weights must agree to 1e-9.
#include <gtest/gtest.h>

#include "cluster/communicator_batch.h"
#include "cluster/thread_communicator.h"
#include "src/recipes/registry.h"
#include "src/train/trainer.h"

namespace helio {
namespace {

constexpr int64_t kBatch = 6, kWords = 5, kVocabulary = 20, kSteps = 20;

recipes::RecipeOptions TinyOptions() {
  recipes::RecipeOptions options;
  options.base_side = 16;
  options.stages = 2;
  options.gf = 4;
  options.df = 4;
  options.z = 5;
  options.condition = 6;
  options.embedding = 8;
  options.word_vector = 6;
  options.residual_blocks = 1;
  options.words = kWords;
  options.vocabulary = kVocabulary;
  options.classes = 4;
  options.image_trunk = options.caption_trunk = "small";
  options.caption_embedding = 6;
  options.caption_hidden = 7;
  options.mirror_damsm_lambda = 1;
  options.freeze_trunk = false;
  return options;
}

// The rows of a made-up global batch that a rank holds.
dataio::Batch MakeBatch(int64_t step, const RowRange& rows) {
  const RowRange whole{0, rows.global, rows.global};
  dataio::Batch batch;
  batch.rows = rows;
  const auto part = [&](const torch::Tensor& all) {
    return all.narrow(0, rows.first, rows.local).contiguous();
  };
  for (const int64_t side : {16, 32})
    batch.images.push_back(part(
        NormalRows(RandomKey(1, "image", {step, side}), whole, {3, side, side}, torch::kFloat64).tanh()));
  const auto lengths = std::get<0>((UniformRows(RandomKey(1, "length", {step}), whole, {}) * kWords)
                                       .to(torch::kInt64)
                                       .add(1)
                                       .sort(0, true));
  const auto ids = (UniformRows(RandomKey(1, "ids", {step}), whole, {kWords}) * (kVocabulary - 1))
                       .to(torch::kInt64)
                       .add(1);
  const auto padding = torch::arange(kWords).unsqueeze(0).ge(lengths.unsqueeze(1));
  batch.captions = part(ids.masked_fill(padding, 0));
  batch.caption_lengths = part(lengths);
  batch.classes = part((UniformRows(RandomKey(1, "class", {step}), whole, {}) * 4).to(torch::kInt64));
  return batch;
}

struct Outcome {
  std::vector<double> losses;  // mean over ranks, step by step
  NamedTensors state;
};

Outcome Train(const std::string& name, int ranks) {
  Outcome outcome;
  std::mutex building;  // initialisers share torch's global generator
  cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
    const auto batch = cluster::MakeGlobalBatch(communicator),
               negatives = cluster::MakeGlobalBatch(communicator);
    std::unique_ptr<recipes::Recipe> recipe;
    {
      const std::lock_guard lock(building);
      torch::manual_seed(3);
      const auto options = TinyOptions();
      recipe = recipes::MakeRecipe(name, options, {*batch, *negatives, 7, {{}, {}, {}, /*random=*/true}});
    }
    train::Trainer trainer(*recipe, communicator, {.bucket_mb = 0.001});
    trainer.ResetAverages();
    std::vector<double> losses;
    for (int64_t step = 0; step < kSteps; ++step) {
      const auto data = MakeBatch(step, SplitRows(kBatch, communicator.rank(), communicator.size()));
      const auto report = trainer.Step(data, {.seed = 5, .step = step, .dtype = torch::kFloat64}, 1);
      EXPECT_EQ(report.skipped, 0);
      for (const auto& term : report.terms)
        losses.push_back(
            cluster::AllReduceScalar(communicator, term.value.item<double>(), cluster::Reduce::kMean));
    }
    if (communicator.rank() != 0) return;
    outcome.losses = losses;
    for (const auto& [key, tensor] : recipe->State())
      outcome.state.emplace_back(key, tensor.detach().clone());
    for (const auto& [key, tensor] : trainer.AverageState())
      outcome.state.emplace_back("average." + key, tensor.clone());
  });
  return outcome;
}

class Ranks : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { torch::set_default_dtype(caffe2::TypeMeta::Make<double>()); }
  void TearDown() override { torch::set_default_dtype(caffe2::TypeMeta::Make<float>()); }
};

TEST_P(Ranks, TrainTheSameModel) {
  const auto alone = Train(GetParam(), 1);
  ASSERT_FALSE(alone.losses.empty());
  for (const int ranks : {2, 3, 4}) {
    const auto together = Train(GetParam(), ranks);
    ASSERT_EQ(together.losses.size(), alone.losses.size());
    for (size_t i = 0; i < alone.losses.size(); ++i)
      ASSERT_NEAR(together.losses[i], alone.losses[i], 1e-9 * std::max(1.0, std::abs(alone.losses[i])))
          << ranks << " ranks, value " << i;
    for (size_t i = 0; i < alone.state.size(); ++i) {
      const auto& [name, expected] = alone.state[i];
      const double scale = std::max(1e-3, expected.to(torch::kFloat64).norm().item<double>());
      EXPECT_LT((together.state[i].second - expected).to(torch::kFloat64).norm().item<double>() / scale, 1e-9)
          << ranks << " ranks, " << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Recipes, Ranks, testing::ValuesIn(recipes::RecipeNames()),
                         [](const auto& recipe) { return recipe.param; });

}  // namespace
}  // namespace helio
