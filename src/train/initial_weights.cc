#include "src/train/initial_weights.h"

#include <algorithm>
#include <sstream>

#include "src/base/tensor.h"

namespace helio::train {
namespace {

constexpr double kRounding = 1e-4;  // of a tensor's largest value, by which other seeds' differ

bool AllRanksHave(cluster::Communicator& communicator, const std::string& own) {
  const auto all = cluster::GatherStrings(communicator, own, "check of initial weights");
  return std::ranges::count(all, own) == std::ssize(all);
}

// What must be the same for tensors to travel from rank to rank.
std::string LayoutOf(const NamedTensors& tensors) {
  std::ostringstream text;
  for (const auto& [name, tensor] : tensors)
    text << name << tensor.sizes() << tensor.strides() << tensor.scalar_type();
  return text.str();
}

std::vector<torch::Tensor> OfRank0(cluster::Communicator& communicator, const NamedTensors& own) {
  std::vector<torch::Tensor> copies;
  for (const auto& entry : own) copies.push_back(entry.second.detach().clone());
  cluster::BroadcastTensors(communicator, copies);
  return copies;
}

bool IsNear(const torch::Tensor& own, const torch::Tensor& other) {
  if (!own.is_floating_point() || own.numel() == 0) return own.equal(other);
  const auto far = (own - other).abs().max();
  return far.le(other.abs().max() * kRounding).item<bool>();  // not where either is NaN
}

}  // namespace

bool AdoptRoundedWeights(cluster::Communicator& communicator, const NamedTensors& own,
                         const std::string& digest) {
  const torch::NoGradGuard no_grad;
  if (AllRanksHave(communicator, digest) || !AllRanksHave(communicator, LayoutOf(own))) return false;
  const auto wanted = OfRank0(communicator, own);
  double far = 0;
  for (size_t i = 0; i < own.size(); ++i) far += !IsNear(own[i].second, wanted[i]);
  if (cluster::AllReduceScalar(communicator, far, cluster::Reduce::kMax, "check of initial weights") > 0)
    return false;
  for (size_t i = 0; i < own.size(); ++i) own[i].second.detach().copy_(wanted[i]);
  return true;
}

}  // namespace helio::train
