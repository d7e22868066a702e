#include "src/eval/evaluator.h"

#include <map>
#include <numeric>

#include "src/base/error.h"

namespace helio::eval {
namespace {

// Tensors of one name, in the order of the first partial that has any. Each name's parts are given up before
// the next name's are joined: beside all rows only one name's lie in memory twice.
NamedTensors Concatenate(std::vector<NamedTensors> partials) {
  NamedTensors merged;
  std::map<std::string, std::vector<torch::Tensor>> by_name;
  for (auto& partial : partials) {
    for (auto& [name, tensor] : partial) {
      if (!by_name.contains(name)) merged.emplace_back(name, torch::Tensor());
      by_name[name].push_back(std::move(tensor));
    }
  }
  for (auto& [name, tensor] : merged) {
    auto& parts = by_name[name];
    tensor = parts.size() == 1 ? parts[0] : torch::cat(parts, 0);
    parts.clear();
  }
  return merged;
}

void CheckSameFields(const std::vector<NamedTensors>& partials) {
  const NamedTensors* first = nullptr;
  for (const auto& partial : partials) {
    if (partial.empty()) continue;
    if (!first) first = &partial;
    bool same = partial.size() == first->size();
    for (size_t i = 0; same && i < partial.size(); ++i) {
      const auto &a = (*first)[i].second, &b = partial[i].second;
      same = (*first)[i].first == partial[i].first && a.dim() == b.dim() && a.dim() > 0 &&
             a.sizes().slice(1) == b.sizes().slice(1) && a.scalar_type() == b.scalar_type();
    }
    if (!same)
      ThrowData("partial scores of the ranks do not fit together", "evaluation",
                "did all ranks load the same networks?");
  }
}

// Row numbers that put `positions` into ascending order, each position once.
torch::Tensor OrderOnce(const torch::Tensor& positions) {
  const auto* value = positions.data_ptr<int64_t>();
  std::vector<int64_t> order(positions.size(0));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return value[a] < value[b]; });
  const auto same = [&](int64_t a, int64_t b) { return value[a] == value[b]; };
  order.erase(std::unique(order.begin(), order.end(), same), order.end());
  return torch::tensor(order, torch::kInt64);
}

bool IsInOrder(const torch::Tensor& order, int64_t rows) {
  return order.size(0) == rows && torch::equal(order, torch::arange(rows));
}

}  // namespace

std::string JudgeInProtocol(const std::string& judge) { return judge.empty() ? "" : " judge=" + judge; }

NamedTensors MergePartials(std::vector<NamedTensors> partials) {
  CheckSameFields(partials);
  NamedTensors merged = Concatenate(std::move(partials));
  const auto positions =
      std::find_if(merged.begin(), merged.end(), [](const auto& t) { return t.first == "positions"; });
  if (positions == merged.end()) return merged;
  const auto order = OrderOnce(positions->second.contiguous());
  if (IsInOrder(order, positions->second.size(0))) return merged;
  for (auto& [name, tensor] : merged) tensor = tensor.index_select(0, order);
  return merged;
}

const torch::Tensor& FindTensor(const NamedTensors& tensors, const std::string& name,
                                const std::string& where) {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return tensor;
  }
  ThrowUser("has no samples ('" + name + "' is absent)", where);
}

void RowCollector::Add(const NamedTensors& rows) {
  NamedTensors& kept = batches_.emplace_back();
  for (const auto& [name, tensor] : rows) kept.emplace_back(name, tensor.detach().to(torch::kCPU).clone());
}

NamedTensors RowCollector::Rows() {
  if (batches_.size() > 1) {
    auto joined = Concatenate(std::exchange(batches_, {}));
    batches_.push_back(std::move(joined));
  }
  return batches_.empty() ? NamedTensors{} : batches_[0];
}

MeanDeviation Summarize(std::vector<double> parts) {
  MeanDeviation result;
  for (const double part : parts) result.mean += part / static_cast<double>(parts.size());
  double squares = 0;
  for (const double part : parts) squares += (part - result.mean) * (part - result.mean);
  result.deviation = std::sqrt(squares / static_cast<double>(parts.size()));
  result.parts = std::move(parts);
  return result;
}

MeanDeviation FoldMeans(const torch::Tensor& values, int64_t folds) {
  const int64_t count = values.size(0);
  if (count < folds) {
    ThrowUser(std::to_string(count) + " samples cannot be split into " + std::to_string(folds) + " folds",
              "evaluation", "evaluate more samples");
  }
  std::vector<double> means;
  for (int64_t i = 0; i < folds; ++i) {
    means.push_back(values.slice(0, i * count / folds, (i + 1) * count / folds)
                        .to(torch::kFloat64)
                        .mean()
                        .item<double>());
  }
  return Summarize(std::move(means));
}

}  // namespace helio::eval
