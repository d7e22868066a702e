#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/communicator_batch.h"
#include "cluster/consistency.h"
#include "cluster/flat_adam.h"
#include "cluster/gradient_reducer.h"
#include "cluster/replicas.h"
#include "cluster/sharding.h"
#include "cluster/straggler.h"
#include "src/base/error.h"
#include "tests/support/communicator_suite.h"

namespace helio::testing {
namespace {

using cluster::Communicator;
using cluster::GradientReducer;
using cluster::ParameterGroup;
using cluster::ReducerOptions;
using torch::Tensor;

constexpr const char* kNames[] = {"a", "b", "c", "d", "e", "f", "g"};

// Parameters whose gradient under Loss(group, x) is x * their index + 1: exact small numbers.
NamedTensors MakeParameters(Communicator& c, int count, int64_t size = 1000) {
  NamedTensors parameters;
  for (int i = 0; i < count; ++i)
    parameters.emplace_back(
        kNames[i],
        torch::zeros({size + i}, torch::dtype(torch::kFloat32).device(c.world().device)).requires_grad_());
  return parameters;
}

Tensor Loss(const ParameterGroup& group, double x) {
  Tensor sum = torch::zeros({}, group.parameters().options());
  for (size_t i = 0; i < group.slots().size(); ++i)
    sum = sum + group.slots()[i].parameter.sum() * (x * static_cast<double>(i) + 1);
  return sum;
}

void ExpectMean(const ParameterGroup& group, double mean_x, double scale = 1) {
  for (size_t i = 0; i < group.slots().size(); ++i) {
    const auto gradient = group.slots()[i].parameter.grad().cpu();
    EXPECT_TRUE(
        torch::equal(gradient, torch::full_like(gradient, (mean_x * static_cast<double>(i) + 1) * scale)))
        << "slot " << i << " has " << gradient[0].item<float>();
  }
}

ReducerOptions SmallBuckets() {
  ReducerOptions options;
  options.first_bucket_mb = 0.004;
  options.bucket_mb = 0.012;
  return options;
}

// The ranks' x is 0, 2, 4 ...: a mean of size - 1.
double OwnX(Communicator& c) { return 2.0 * c.rank(); }
double MeanX(Communicator& c) { return c.size() - 1.0; }

void AveragesGradients(Communicator& c) {
  ParameterGroup group("g", MakeParameters(c, 7));
  GradientReducer reducer(c, group, SmallBuckets());
  EXPECT_GT(reducer.plan().size(), 2u);
  for (int step = 0; step < 3; ++step) {
    group.ZeroGradient();
    auto pass = reducer.Arm();
    Loss(group, OwnX(c)).backward();
    pass.LaunchRemaining();
    reducer.Wait();
    ExpectMean(group, MeanX(c));
    EXPECT_EQ(reducer.stats().buckets, static_cast<int>(reducer.plan().size()));
    EXPECT_EQ(reducer.stats().bytes, group.size() * 4);
  }
}

// A round of a GAN: three players' reductions under way at once, collected at the end.
void KeepsSeveralGroupsUnderWay(Communicator& c) {
  std::vector<std::unique_ptr<ParameterGroup>> groups;
  std::vector<std::unique_ptr<GradientReducer>> reducers;
  for (const int size : {100'000, 3000, 10}) {
    groups.push_back(std::make_unique<ParameterGroup>("d", MakeParameters(c, 5, size)));
    reducers.push_back(std::make_unique<GradientReducer>(c, *groups.back(), SmallBuckets()));
  }
  for (int i = 0; i < 3; ++i) {
    groups[i]->ZeroGradient();
    auto pass = reducers[i]->Arm();
    Loss(*groups[i], OwnX(c) + i).backward();
    pass.LaunchRemaining();
  }
  for (int i = 0; i < 3; ++i) {
    reducers[i]->Wait();
    ExpectMean(*groups[i], MeanX(c) + i);
  }
}

// The generator's backward runs through a discriminator: the latter is not armed and must send and keep
// nothing.
void LeavesOthersAlone(Communicator& c) {
  ParameterGroup d("d", MakeParameters(c, 3)), g("g", MakeParameters(c, 3));
  GradientReducer d_reducer(c, d, SmallBuckets()), g_reducer(c, g, SmallBuckets());
  d.ZeroGradient();
  g.ZeroGradient();
  const auto calls = c.sequence();
  auto pass = g_reducer.Arm();
  (Loss(g, OwnX(c)) + Loss(d, 5)).backward();
  pass.LaunchRemaining();
  EXPECT_EQ(c.sequence() - calls, g_reducer.plan().size());
  g_reducer.Wait();
  ExpectMean(g, MeanX(c));
  ExpectMean(d, 5);  // its own, unreduced gradient
  for (auto& slot : d.slots()) torch::Tensor(slot.parameter).requires_grad_(false);
  d.ZeroGradient();
  (Loss(g, 1) + Loss(d, 5)).backward();
  EXPECT_EQ(d.gradients().abs().sum().item<double>(), 0) << "frozen parameters took gradients";
}

// Rank 0 does not use parameter 1; nobody uses parameter 2.
void CountsMissingGradientsAsZero(Communicator& c) {
  ParameterGroup group("g", MakeParameters(c, 4));
  GradientReducer reducer(c, group, SmallBuckets());
  group.ZeroGradient();
  auto pass = reducer.Arm();
  auto loss = group.slots()[0].parameter.sum() + group.slots()[3].parameter.sum();
  if (c.rank() > 0) loss = loss + group.slots()[1].parameter.sum() * c.size();
  loss.backward();
  pass.LaunchRemaining();
  reducer.Wait();
  const std::vector<double> expected = {1, c.size() - 1.0, 0, 1};
  for (int i = 0; i < 4; ++i) {
    const auto gradient = group.slots()[i].parameter.grad().cpu();
    EXPECT_TRUE(torch::equal(gradient, torch::full_like(gradient, expected[i]))) << i;
  }
}

void Accumulates(Communicator& c) {
  auto options = SmallBuckets();
  ParameterGroup group("g", MakeParameters(c, 5));
  GradientReducer reducer(c, group, options);
  group.ZeroGradient();
  const auto calls = c.sequence();
  Loss(group, OwnX(c)).backward();
  EXPECT_EQ(c.sequence(), calls) << "communicated before the last micro-batch";
  auto pass = reducer.Arm();
  Loss(group, OwnX(c) + 4).backward();
  pass.LaunchRemaining();
  reducer.Wait();
  ExpectMean(group, MeanX(c) + 2, 2);  // the sum; Adam's factors divide it
}

void SendsBfloat16(Communicator& c) {
  auto options = SmallBuckets();
  options.wire_dtype = cluster::WireDtype::kBfloat16;
  ParameterGroup group("g", MakeParameters(c, 5));
  GradientReducer reducer(c, group, options);
  group.ZeroGradient();
  auto pass = reducer.Arm();
  Loss(group, OwnX(c)).backward();
  pass.LaunchRemaining();
  reducer.Wait();
  ExpectMean(group, MeanX(c));
  EXPECT_EQ(reducer.stats().bytes, group.size() * (c.size() > 1 ? 2 : 4));
}

// One rank's NaN must be everybody's, so that all skip the step or none.
void AgreesOnNonFinite(Communicator& c) {
  ParameterGroup group("g", MakeParameters(c, 5));
  GradientReducer reducer(c, group, SmallBuckets());
  group.ZeroGradient();
  auto pass = reducer.Arm();
  Loss(group, c.rank() == c.size() - 1 ? NAN : 1).backward();
  pass.LaunchRemaining();
  reducer.Wait();
  EXPECT_FALSE(std::isfinite(cluster::GradientNorm(group).item<double>()));
}

// One player's training with the optimizer whole on every rank, or in shards.
struct Run {
  Run(Communicator& c, bool sharded)
      : communicator(c),
        shard(sharded),
        group("g", MakeParameters(c, 5), c.size()),
        reducer(c, group, Options()),
        adam(group, {0.5, 0.999, 1e-8, 0.9}, shard ? OwnShard(group, c.world()).begin : 0,
             shard ? OwnShard(group, c.world()).end : group.size()) {}

  ReducerOptions Options() const {
    auto options = SmallBuckets();
    options.shard_optimizer = shard;
    return options;
  }

  double Step(double x) {
    group.ZeroGradient();
    auto pass = reducer.Arm();
    Loss(group, x).backward();
    pass.LaunchRemaining();
    reducer.Wait();
    const auto norm = shard ? ShardedGradientNorm(communicator, group) : GradientNorm(group);
    adam.Step(1e-3);
    if (shard) GatherParameters(communicator, group).Wait();
    adam.StepAverage();
    return norm.item<double>();
  }

  Communicator& communicator;
  bool shard;
  ParameterGroup group;
  GradientReducer reducer;
  cluster::FlatAdam adam;
};

void ShardsTrainAsTheWhole(Communicator& c) {
  Run whole(c, false), sharded(c, true);
  for (int step = 0; step < 3; ++step) {
    const double x = OwnX(c) + step;
    EXPECT_NEAR(whole.Step(x), sharded.Step(x), 1e-9);
  }
  EXPECT_TRUE(torch::equal(whole.group.parameters(), sharded.group.parameters()));
  EXPECT_TRUE(torch::equal(whole.adam.Average()[1].second, sharded.adam.Average()[1].second));
  const auto expected = whole.adam.State();
  const auto state = GatherOptimizerState(c, sharded.group, sharded.adam);
  ASSERT_EQ(state.size(), expected.size());
  for (size_t i = 0; i < state.size(); ++i) {
    EXPECT_EQ(state[i].first, expected[i].first);
    EXPECT_TRUE(torch::equal(state[i].second, expected[i].second)) << state[i].first;
  }
  // A checkpoint of either kind goes on in a sharded job.
  Run resumed(c, true);
  resumed.group.parameters().copy_(whole.group.parameters());
  LoadOptimizerState(c, resumed.group, expected, resumed.adam, "test");
  CopyState(whole.adam.Average(), resumed.adam.Average(), "test");
  whole.Step(1);
  resumed.Step(1);
  EXPECT_TRUE(torch::equal(whole.group.parameters(), resumed.group.parameters()));
  EXPECT_TRUE(torch::equal(resumed.adam.Average()[1].second, whole.adam.Average()[1].second));
}

void SumsOverTheGlobalBatch(Communicator& c) {
  const auto batch = cluster::MakeGlobalBatch(c);
  EXPECT_EQ(batch->ranks(), c.size());
  auto values = torch::full({3}, c.rank() + 1.0, torch::dtype(torch::kFloat64).device(c.world().device));
  batch->Sum(values);
  EXPECT_EQ(values[1].item<double>(), c.size() * (c.size() + 1) / 2.0);
}

// 2n + 1 rows: an uneven split. The gradient of sum(w * gathered) over all ranks is ranks * w on the own
// rows.
void GathersRowsWithGradients(Communicator& c) {
  const auto batch = cluster::MakeGlobalBatch(c);
  const auto rows = SplitRows(2 * c.size() + 1, c.rank(), c.size());
  const auto options = torch::dtype(torch::kFloat64).device(c.world().device);
  const auto whole = torch::arange(rows.global * 3, options).view({rows.global, 3});
  auto own = whole.slice(0, rows.first, rows.end()).clone().requires_grad_();
  const auto gathered = GatherRows(*batch, own, rows);
  EXPECT_TRUE(torch::equal(gathered.detach(), whole));
  (gathered * whole).sum().backward();
  EXPECT_TRUE(torch::equal(own.grad(), whole.slice(0, rows.first, rows.end()) * c.size()));
  const auto ids =
      torch::arange(rows.first, rows.end(), torch::dtype(torch::kInt64).device(c.world().device));
  EXPECT_TRUE(torch::equal(GatherRows(*batch, ids, rows).cpu(), torch::arange(rows.global, torch::kInt64)));
}

void NamesTheRankThatDiffers(Communicator& c) {
  CheckConsistency(c, {{"version", "1"}, {"data", "abc"}});
  if (c.size() < 3) return;
  try {
    CheckConsistency(c, {{"version", "1"}, {"data", c.rank() == 1 ? "xyz" : "abc"}});
    ADD_FAILURE() << "a difference passed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("data: rank 1 has xyz, the others have abc"));
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("version")));
  }
}

// What CheckReplicas says where rank `odd` (none: -1) holds other values of the second of three tensors.
std::string ReplicaComplaint(Communicator& c, int odd) {
  std::vector<cluster::Replica> replicas;
  for (const char* name : {"netG.a", "netG.b", "netD.a"})
    replicas.push_back({std::string(name, 4), name, torch::arange(5., c.world().device)});
  replicas[1].tensor[3] = c.rank() == odd ? -0.0 : 0.0;
  try {
    CheckReplicas(c, replicas, "step 7");
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 75);
    return error.what();
  }
  return "";
}

void NamesTheRankWhoseWeightsDiffer(Communicator& c) {
  EXPECT_EQ(ReplicaComplaint(c, -1), "");
  if (c.size() < 3) return;
  const auto complaint = ReplicaComplaint(c, 1);
  EXPECT_THAT(complaint, ::testing::HasSubstr("step 7: "));
  EXPECT_THAT(complaint,
              ::testing::ContainsRegex(": rank 1 .[^ ]*. differs from the others in netG.b of netG "
                                       "of 3 tensors"));
  EXPECT_THAT(complaint, ::testing::Not(::testing::ContainsRegex("rank [02]")));
}

void NamesBothOfTwoRanksWhoseWeightsDiffer(Communicator& c) {
  if (c.size() != 2) return;
  EXPECT_THAT(ReplicaComplaint(c, 1),
              ::testing::ContainsRegex(": rank 0 .[^ ]*., rank 1 .[^ ]*. differ from each other in netG.b"));
}

void FindsTheStraggler(Communicator& c) {
  cluster::StragglerDetector detector(c, 2);
  const double own = c.rank() == c.size() - 1 ? 2.0 : 1.0;
  EXPECT_FALSE(detector.Record(own));
  const auto report = detector.Record(own);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->seconds.back(), 2.0);
  if (c.size() == 1) return;
  EXPECT_EQ(report->stragglers, std::vector<int>{c.size() - 1});
}

}  // namespace

const std::vector<Check>& ReducerChecks() {
  static const auto& checks = *new std::vector<Check>{
      {"AveragesGradients", AveragesGradients},
      {"KeepsSeveralGroupsUnderWay", KeepsSeveralGroupsUnderWay},
      {"LeavesOthersAlone", LeavesOthersAlone},
      {"CountsMissingGradientsAsZero", CountsMissingGradientsAsZero},
      {"Accumulates", Accumulates},
      {"SendsBfloat16", SendsBfloat16},
      {"AgreesOnNonFinite", AgreesOnNonFinite},
      {"ShardsTrainAsTheWhole", ShardsTrainAsTheWhole},
      {"SumsOverTheGlobalBatch", SumsOverTheGlobalBatch},
      {"GathersRowsWithGradients", GathersRowsWithGradients},
      {"NamesTheRankThatDiffers", NamesTheRankThatDiffers},
      {"NamesTheRankWhoseWeightsDiffer", NamesTheRankWhoseWeightsDiffer},
      {"NamesBothOfTwoRanksWhoseWeightsDiffer", NamesBothOfTwoRanksWhoseWeightsDiffer},
      {"FindsTheStraggler", FindsTheStraggler},
  };
  return checks;
}

}  // namespace helio::testing
