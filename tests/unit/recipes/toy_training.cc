#include "tests/unit/recipes/toy_training.h"

#include <gtest/gtest.h>

#include "cluster/communicator_batch.h"
#include "cluster/thread_communicator.h"
#include "src/base/characters.h"
#include "src/base/noise.h"
#include "src/train/weights_check.h"

namespace helio::testing {
namespace {

torch::Dtype CurrentDtype() { return c10::typeMetaToScalarType(torch::get_default_dtype()); }

dataio::Domain ToyDomain(int64_t index, const RowRange& rows, torch::Dtype dtype,
                         const std::vector<int64_t>& sides, const ToySizes& sizes) {
  const RowRange whole{0, rows.global, rows.global};
  dataio::Domain data;
  const auto part = [&](const torch::Tensor& all) {
    return all.narrow(0, rows.first, rows.local).contiguous();
  };
  for (const int64_t side : sides)
    data.images.push_back(
        part(NormalRows(RandomKey(1, "image", {index, side}), whole, {3, side, side}, dtype).tanh()));
  for (const int64_t side : sides)
    data.wrong_images.push_back(
        part(NormalRows(RandomKey(1, "wrong", {index, side}), whole, {3, side, side}, dtype).tanh()));
  const auto lengths = std::get<0>((UniformRows(RandomKey(1, "length", {index}), whole, {}) * sizes.words)
                                       .to(torch::kInt64)
                                       .add(1)
                                       .sort(0, true));
  const auto ids = (UniformRows(RandomKey(1, "ids", {index}), whole, {sizes.words}) * (sizes.vocabulary - 1))
                       .to(torch::kInt64)
                       .add(1);
  const auto padding = torch::arange(sizes.words).unsqueeze(0).ge(lengths.unsqueeze(1));
  data.captions = part(ids.masked_fill(padding, 0));
  data.caption_lengths = part(lengths);
  data.classes = part((UniformRows(RandomKey(1, "class", {index}), whole, {}) * 4).to(torch::kInt64));
  data.embeddings = part(NormalRows(RandomKey(1, "embedding", {index}), whole, {sizes.embedding}, dtype));
  data.boxes = part(UniformRows(RandomKey(1, "box", {index}), whole, {4}, dtype) * 0.5 + 0.1);
  // The third entry says whether the point is there.
  auto points = UniformRows(RandomKey(1, "points", {index}), whole, {sizes.points, 3}, dtype);
  points.select(2, 2).copy_(points.select(2, 2).gt(0.3));
  data.key_points = part(points * points.narrow(2, 2, 1));
  data.characters = part((UniformRows(RandomKey(1, "characters", {index}), whole, {2, kCharacterPlaces}) * 71)
                             .to(torch::kInt64));
  return data;
}

}  // namespace

OptionValues ToyOptions() {
  return {{"base_side", "16"},
          {"stages", "2"},
          {"gf", "4"},
          {"df", "4"},
          {"z", "5"},
          {"condition", "6"},
          {"embedding", "8"},
          {"word_vector", "6"},
          {"residual_blocks", "1"},
          {"image_trunk", "small"},
          {"caption_trunk", "small"},
          {"caption_embedding", "6"},
          {"caption_hidden", "7"},
          {"mirror_damsm_lambda", "1"},
          {"freeze_trunk", "false"},
          {"side", "16"},
          {"text_projection", "6"},
          {"char_conv1", "4"},
          {"char_conv2", "5"},
          {"char_width", "6"},
          {"d_layers", "2"},
          {"generator_hidden", "9"},
          {"generator_channels", "6,5,4"},
          {"generator_convolutions", "1"},
          {"picture_critic", "small"},
          {"loss_units", "spread"},
          {"iterations", "9"},
          {"pool_size", "9"},
          {"words", std::to_string(ToySizes().words)}};
}

recipes::DataFacts ToyFacts(const ToySizes& sizes) {
  std::vector<std::string> points{"beak", "tail", "left wing", "right wing"};
  points.resize(static_cast<size_t>(sizes.points), "another point");
  return {.vocabulary = sizes.vocabulary,
          .classes = 4,
          .embedding = sizes.embedding,
          .key_points = std::move(points)};
}

dataio::Batch ToyBatch(int64_t index, const RowRange& rows, torch::Dtype dtype,
                       const std::vector<dataio::DomainNeeds>& needs, const ToySizes& sizes) {
  dataio::Batch batch;
  batch.rows = rows;
  batch.domains.clear();
  for (const auto& domain : needs)
    batch.domains.push_back(
        ToyDomain(index + 1000 * std::ssize(batch.domains), rows, dtype, domain.sides, sizes));
  return batch;
}

ToyTraining::ToyTraining(const std::string& recipe, cluster::Communicator& communicator,
                         const train::TrainerOptions& options, const OptionValues& values,
                         const ToySizes& sizes)
    : communicator_(communicator),
      sizes_(sizes),
      norm_scope_(cluster::MakeGlobalBatch(communicator)),
      loss_scope_(cluster::MakeGlobalBatch(communicator)) {
  system_ = recipes::MakeSystem(recipe, values,
                                {*norm_scope_, *loss_scope_, 7, {{}, /*random=*/true}, ToyFacts(sizes)});
  trainer_ = std::make_unique<train::Trainer>(*system_, communicator, options);
  trainer_->ResetAverages();
}

std::vector<double> ToyTraining::Step(int64_t step, int64_t first, double rate_factor, uint64_t seed) {
  std::vector<dataio::Batch> batches;
  const auto rows = SplitRows(sizes_.rows, communicator_.rank(), communicator_.size());
  for (int64_t i = 0; i < trainer_->accumulate(); ++i)
    batches.push_back(ToyBatch(first + i, rows, CurrentDtype(), system_->Needs(), sizes_));
  const auto report =
      trainer_->Step(batches, {.seed = seed, .step = step, .dtype = CurrentDtype()}, rate_factor);
  EXPECT_EQ(report.skipped(), 0);
  std::vector<double> losses;
  for (const auto& term : report.terms)
    losses.push_back(
        cluster::AllReduceScalar(communicator_, term.value.item<double>(), cluster::Reduce::kMean));
  return losses;
}

NamedTensors ToyTraining::State() const {
  NamedTensors state;
  for (const auto& [key, tensor] : recipes::TensorsOf(*system_, recipes::Role::kTrained))
    state.emplace_back(key, tensor.detach().clone());
  for (const auto& [key, tensor] : recipes::TensorsOf(*system_, recipes::Role::kMemory))
    state.emplace_back(key, tensor.clone());
  for (const auto& [key, tensor] : trainer_->AverageState())
    state.emplace_back("average." + key, tensor.clone());
  return state;
}

Outcome PlayToy(const std::string& recipe, int ranks, int64_t steps, const train::TrainerOptions& options) {
  Outcome outcome;
  cluster::RunThreadRanks(ranks, [&](cluster::Communicator& communicator) {
    ToyTraining training(recipe, communicator, options);
    std::vector<double> losses;
    for (int64_t step = 0; step < steps; ++step)
      for (const double loss : training.Step(step, step * options.accumulate)) losses.push_back(loss);
    cluster::CheckReplicas(communicator, train::ReplicasOf(training.system(), training.trainer(), true),
                           recipe + " on " + std::to_string(ranks) + " ranks");
    if (communicator.rank() == 0) outcome = {losses, training.State()};
  });
  return outcome;
}

double Distance(const torch::Tensor& a, const torch::Tensor& b, double floor) {
  const auto expected = b.to(torch::kFloat64);
  return (a.to(torch::kFloat64) - expected).norm().item<double>() /
         std::max(floor, expected.norm().item<double>());
}

void ExpectSame(const Outcome& got, const Outcome& expected, double tolerance, const std::string& what) {
  ASSERT_FALSE(expected.losses.empty());
  ASSERT_EQ(got.losses.size(), expected.losses.size());
  for (size_t i = 0; i < expected.losses.size(); ++i)
    ASSERT_NEAR(got.losses[i], expected.losses[i], tolerance * std::max(1.0, std::abs(expected.losses[i])))
        << what << ", loss " << i;
  for (size_t i = 0; i < expected.state.size(); ++i)
    EXPECT_LE(Distance(got.state[i].second, expected.state[i].second), tolerance)
        << what << ", " << expected.state[i].first;
}

}  // namespace helio::testing
