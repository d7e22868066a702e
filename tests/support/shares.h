#pragma once
#include <functional>
#include <vector>

#include "cluster/communicator_batch.h"
#include "cluster/thread_communicator.h"
#include "src/base/autograd.h"

// A global batch over thread ranks, for tests that N ranks compute what one computes.
namespace helio::testing {

using Tensors = std::vector<torch::Tensor>;

// One rank's part of a test.
struct Share {
  GlobalBatch& batch;
  RowRange rows;

  // This rank's rows of a tensor of the whole batch: a fresh leaf.
  torch::Tensor Own(const torch::Tensor& whole) const {
    auto own = whole.narrow(0, rows.first, rows.local).detach().clone(at::MemoryFormat::Preserve);
    return own.set_requires_grad(whole.is_floating_point());
  }
};

// What each of `ranks` threads returns for its share of `global` rows, in rank order. One rank: the caller's
// thread.
inline std::vector<Tensors> OnRanks(int ranks, int64_t global, const std::function<Tensors(Share&)>& body) {
  std::vector<Tensors> results(static_cast<size_t>(ranks));
  cluster::RunThreadRanks(ranks, [&](cluster::Communicator& world) {
    torch::set_num_threads(1);
    const auto batch = cluster::MakeGlobalBatch(world);
    Share share{*batch, SplitRows(global, world.rank(), ranks)};
    results[static_cast<size_t>(world.rank())] = body(share);
  });
  return results;
}

// Result `i` of all ranks: rows joined, or values averaged (src/base/global_batch.h: the loss is the mean
// over ranks, and so is a parameter's gradient).
inline torch::Tensor Joined(const std::vector<Tensors>& results, size_t i) {
  Tensors parts;
  for (const auto& result : results) parts.push_back(result.at(i));
  return torch::cat(parts);
}

inline torch::Tensor Averaged(const std::vector<Tensors>& results, size_t i) {
  auto sum = torch::zeros_like(results[0].at(i));
  for (const auto& result : results) sum += result.at(i);
  return sum / static_cast<double>(results.size());
}

inline double Difference(const torch::Tensor& a, const torch::Tensor& b) {
  return a.numel() == 0 ? 0 : (a - b).abs().max().item<double>();
}

// The largest difference between backward's gradients and central differences, over all entries of all
// `inputs` (float64 leaves), relative to the largest gradient.
inline double GradientError(const std::function<torch::Tensor(const Tensors&)>& scalar,
                            const Tensors& inputs) {
  constexpr double kStep = 1e-5;
  const auto gradients = torch::autograd::grad({scalar(inputs)}, inputs);
  double error = 0, largest = 1e-3;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto entries = inputs[i].detach().view(-1);
    const auto slopes = gradients[i].contiguous().view(-1);
    for (int64_t k = 0; k < entries.numel(); ++k) {
      const double value = entries[k].item<double>();
      const auto at = [&](double x) {
        entries[k] = x;
        return scalar(inputs).item<double>();
      };
      const double numeric = (at(value + kStep) - at(value - kStep)) / (2 * kStep);
      entries[k] = value;
      error = std::max(error, std::abs(numeric - slopes[k].item<double>()));
      largest = std::max(largest, std::abs(numeric));
    }
  }
  return error / largest;
}

inline torch::Tensor Random64(at::IntArrayRef shape) {
  return torch::randn(shape, torch::TensorOptions(torch::kFloat64));
}

}  // namespace helio::testing
