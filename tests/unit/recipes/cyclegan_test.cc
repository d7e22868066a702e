// What CycleGAN has beyond the published numbers: rows that are few, micro-batches, schedules that end.
#include "src/recipes/cyclegan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/solo_communicator.h"
#include "tests/support/error_of.h"
#include "tests/unit/recipes/toy_training.h"

namespace helio::testing {
namespace {

using ::testing::HasSubstr;

TEST(CycleGanTest, RanksAccumulateTheSameModelAndPool) {
  const DefaultDtype dtype(torch::kFloat64);
  const train::TrainerOptions options{.reducer = {.bucket_mb = 0.001}, .accumulate = 2};
  const auto alone = PlayToy("cyclegan", 1, 4, options);
  ExpectSame(PlayToy("cyclegan", 2, 4, options), alone, 1e-9, "2 ranks");
  int pools = 0;
  for (const auto& [name, tensor] : alone.state)
    pools += name.ends_with("count") && tensor.item<int64_t>() == 9;
  EXPECT_EQ(pools, 2);
}

TEST(CycleGanTest, ShardedOptimizersTrainTheSameWeights) {
  const DefaultDtype dtype(torch::kFloat64);
  const train::TrainerOptions whole{.reducer = {.bucket_mb = 0.001}};
  auto sharded = whole;
  sharded.reducer.shard_optimizer = true;
  ExpectSame(PlayToy("cyclegan", 2, 4, sharded), PlayToy("cyclegan", 2, 4, whole), 0, "sharded");
}

recipes::StepContext ContextOf(int64_t steps) { return {.steps = steps, .steps_per_epoch = 10}; }

TEST(CycleGanTest, OneRowIsEnoughAndARunEndsWithItsSchedule) {
  SoloBatch solo;
  auto options = ToyOptions();
  options["n_epochs"] = "2";
  options["n_epochs_decay"] = "1";
  const auto system = recipes::MakeSystem("cyclegan", options, {solo, solo, 1, {}, {}});
  const auto batch = ToyBatch(0, {0, 1, 1}, torch::kFloat32, system->Needs());
  EXPECT_NO_THROW(system->Prepare(batch, ContextOf(30)));
  EXPECT_THAT(ErrorOf([&] { system->Prepare(batch, ContextOf(31)); }),
              HasSubstr("the learning rates are 0 after 3 epochs"));
  // A rank alone with a part of the batch would keep a pool of its own.
  const auto part = ToyBatch(0, {0, 1, 2}, torch::kFloat32, system->Needs());
  EXPECT_THAT(ErrorOf([&] { system->Prepare(part, ContextOf(30)); }),
              HasSubstr("does not go with an image pool"));
}

TEST(CycleGanTest, TheLastEpochTrains) {
  recipes::DecayOptions options;
  EXPECT_EQ(options.FactorOf(98), 1);
  EXPECT_EQ(options.FactorOf(99), 1);
  EXPECT_NEAR(options.FactorOf(199), 1.0 / 101, 1e-12);
  options.fidelity = recipes::Fidelity::kReleased;
  EXPECT_LT(options.FactorOf(99), 1);
  EXPECT_EQ(options.FactorOf(199), 0);
}

TEST(CycleGanTest, DiscriminatorsThatSeeMoreThanThePictureAreRefused) {
  SoloBatch solo;
  auto options = ToyOptions();
  options["d_layers"] = "3";
  EXPECT_THAT(ErrorOf([&] {
                recipes::MakeSystem("cyclegan", options, {solo, solo, 1, {}, {}});
              }),
              HasSubstr("is too small for discriminators of --d_layers=3"));
}

// Statistics of before mid-2018 are passed over; a network that the file lacks keeps its own weights.
TEST(CycleGanTest, BeginsWithPublishedWeights) {
  SoloBatch solo;
  const auto options = ToyOptions();
  const auto other = recipes::MakeSystem("cyclegan", options, {solo, solo, 2, {}, {}});
  recipes::PretrainedWeights weights;
  for (const auto& part : other->Parts())
    if (part.name == "netG_B") weights.by_role["translators"] = part.tensors;
  weights.by_role["translators"].emplace_back("netG_B.model.2.running_mean", torch::zeros({4}));
  const auto system = recipes::MakeSystem("cyclegan", options, {solo, solo, 1, weights, {}});
  const auto own = system->Parts(), given = other->Parts();
  EXPECT_TRUE(torch::equal(own[1].tensors[0].second, given[1].tensors[0].second));
  EXPECT_FALSE(torch::equal(own[0].tensors[0].second, given[0].tensors[0].second));
  weights.by_role["translators"] = {{"model.1.weight", torch::zeros({1})}};
  EXPECT_THAT(ErrorOf([&] {
                recipes::MakeSystem("cyclegan", options, {solo, solo, 1, weights, {}});
              }),
              HasSubstr("has no tensor of netG_A."));
}

TEST(ImagePoolTest, WhatIsNotFiniteIsNotKept) {
  recipes::ImagePool pool(2, {1, 1, 1});
  const auto never = [](int64_t) -> recipes::ImagePool::Chance { return {0, 0}; };
  pool.Exchange(torch::full({1, 1, 1, 1}, NAN), never);
  EXPECT_EQ(pool.State("")[1].second.item<int64_t>(), 0);
  pool.Exchange(torch::ones({1, 1, 1, 1}), never);
  EXPECT_EQ(pool.State("")[1].second.item<int64_t>(), 1);
}

}  // namespace
}  // namespace helio::testing
