#include "cluster/sharding.h"

namespace helio::cluster {
namespace {

torch::Tensor WholeOf(Communicator& communicator, const torch::Tensor& part, const std::string& label) {
  auto whole = torch::empty({part.numel() * communicator.size()}, part.options());
  communicator.Await(communicator.AllGather(part, whole, label));
  return whole;
}

// Copies those of `state` whose names begin with `prefix` into a whole flat buffer and keeps the own slice.
void LoadSlice(const ParameterGroup& group, const Shard& shard, const NamedTensors& state,
               const std::string& prefix, torch::Tensor slice, const std::string& where) {
  const auto whole = torch::zeros_like(group.parameters());
  CopyState(WithoutPrefix(state, prefix), group.ViewsOf(whole), where);
  slice.copy_(whole.slice(0, shard.begin, shard.end));
}

}  // namespace

Shard OwnShard(const ParameterGroup& group, const World& world) {
  CHECK_EQ(group.size() % world.size, 0) << group.name() << " was not built for " << world.size << " shards";
  const int64_t part = group.size() / world.size;
  return {world.rank * part, (world.rank + 1) * part};
}

Pending GatherParameters(Communicator& communicator, ParameterGroup& group) {
  const auto shard = OwnShard(group, communicator.world());
  return communicator.AllGather(group.parameters().slice(0, shard.begin, shard.end), group.parameters(),
                                group.name() + "/parameters");
}

torch::Tensor ShardedGradientNorm(Communicator& communicator, const ParameterGroup& group,
                                  const std::string& prefix) {
  const auto shard = OwnShard(group, communicator.world());
  const auto squares = GradientSquares(group, prefix, shard.begin, shard.end).view({1});
  communicator.Await(communicator.AllReduce(squares, Reduce::kSum, group.name() + "/norm"));
  return squares.squeeze(0).sqrt();
}

NamedTensors GatherOptimizerState(Communicator& communicator, const ParameterGroup& group,
                                  const FlatAdam& adam) {
  NamedTensors state{{"step", torch::tensor(adam.steps(), torch::kInt64)}};
  const auto exp_avg = WholeOf(communicator, adam.flat_exp_avg(), group.name() + "/exp_avg");
  const auto exp_avg_sq = WholeOf(communicator, adam.flat_exp_avg_sq(), group.name() + "/exp_avg_sq");
  for (auto& moment : MomentsByName(group, exp_avg, exp_avg_sq)) state.push_back(std::move(moment));
  return state;
}

void LoadOptimizerState(const Communicator& communicator, const ParameterGroup& group,
                        const NamedTensors& state, FlatAdam& adam, const std::string& where) {
  torch::NoGradGuard no_grad;
  const auto shard = OwnShard(group, communicator.world());
  CHECK(!state.empty() && state.front().first == "step") << where << " is no optimizer state";
  adam.SetSteps(state.front().second.item<int64_t>());
  LoadSlice(group, shard, state, kFirstMoment, adam.flat_exp_avg(), where);
  LoadSlice(group, shard, state, kSecondMoment, adam.flat_exp_avg_sq(), where);
}

}  // namespace helio::cluster
