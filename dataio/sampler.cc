#include "dataio/sampler.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "src/base/error.h"
#include "src/base/random.h"

namespace helio::dataio {
namespace {

int64_t BatchesPerEpoch(int64_t rows, int64_t batch, Order order, int64_t batches_per_step) {
  const int64_t batches = rows / std::max<int64_t>(batch * batches_per_step, 1) * batches_per_step;
  return order == Order::kAtRandom ? std::max(batches, batches_per_step) : batches;
}

// The rows of each class that has any.
std::vector<std::vector<int64_t>> MembersOfClasses(const Dataset& dataset, int64_t batch) {
  std::map<int64_t, std::vector<int64_t>> of;
  for (int64_t row = 0; row < dataset.size(); ++row) of[dataset.Class(row)].push_back(row);
  if (std::ssize(of) < batch)
    ThrowUser("split '" + dataset.split() + "' has " + std::to_string(of.size()) +
                  " classes, and this system takes rows of different classes",
              "--batch=" + std::to_string(batch), "at most that many");
  std::vector<std::vector<int64_t>> members;
  for (auto& [its_class, rows] : of) members.push_back(std::move(rows));
  return members;
}

}  // namespace

std::vector<int64_t> ShuffledRows(int64_t size, uint64_t key) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  RandomStream random(key);
  for (int64_t i = size - 1; i > 0; --i)
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(random.Below(i + 1))]);
  return order;
}

Sampler::Sampler(const Dataset& dataset, int64_t global_batch, const DomainNeeds& needs, uint64_t seed,
                 int64_t batches_per_step)
    : dataset_(dataset),
      batch_(global_batch),
      words_(needs.words),
      reads_captions_(needs.reads_captions()),
      order_(needs.order),
      seed_(seed),
      batches_per_epoch_(BatchesPerEpoch(dataset.size(), global_batch, needs.order, batches_per_step)),
      members_(needs.order == dataio::Order::kDistinctClasses ? MembersOfClasses(dataset, global_batch)
                                                              : std::vector<std::vector<int64_t>>()) {
  if (global_batch < 1 || batches_per_epoch_ < 1)
    ThrowUser("split '" + dataset.split() + "' has " + std::to_string(dataset.size()) +
                  " rows, fewer than a batch of " + std::to_string(global_batch * batches_per_step),
              "--batch");
}

Sampler::Rows Sampler::Permutation(int64_t epoch) const {
  const std::lock_guard lock(mutex_);
  const auto found = permutations_.find(epoch);
  if (found != permutations_.end()) return found->second;
  // Workers run at most a few batches apart: two neighbouring epochs and some slack.
  while (permutations_.size() >= 4) permutations_.erase(permutations_.begin());
  auto order = std::make_shared<const std::vector<int64_t>>(
      ShuffledRows(dataset_.size(), RandomKey(seed_, "order", {epoch})));
  permutations_.emplace(epoch, order);
  return order;
}

std::vector<int64_t> Sampler::AnyRows(int64_t number) const {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < batch_; ++i)
    rows.push_back(RandomStream(RandomKey(seed_, "any_row", {number, i})).Below(dataset_.size()));
  return rows;
}

std::vector<int64_t> Sampler::RowsOfDistinctClasses(int64_t number) const {
  auto rows = ShuffledRows(std::ssize(members_), RandomKey(seed_, "classes", {number}));
  rows.resize(static_cast<size_t>(batch_));
  for (auto& row : rows) {
    const auto& members = members_[static_cast<size_t>(row)];
    row = members[static_cast<size_t>(
        RandomStream(RandomKey(seed_, "member", {number, row})).Below(std::ssize(members)))];
  }
  return rows;
}

std::vector<int64_t> Sampler::RowsOf(int64_t number) const {
  if (order_ == Order::kAtRandom) return AnyRows(number);
  if (order_ == Order::kDistinctClasses) return RowsOfDistinctClasses(number);
  const auto order = Permutation(number / batches_per_epoch_);
  const auto first = order->begin() + number % batches_per_epoch_ * batch_;
  return {first, first + batch_};
}

std::vector<Draw> Sampler::Batch(int64_t number) const {
  std::vector<Draw> draws;
  for (const int64_t row : RowsOf(number)) {
    auto& draw = draws.emplace_back(Draw{row, 0, 0});
    if (!reads_captions_ || dataset_.captions() == 0) continue;
    draw.caption =
        RandomStream(RandomKey(seed_, "caption", {Pass(number), row})).Below(dataset_.Captions(row));
    draw.length = std::min(words_, dataset_.TokenCount(row, draw.caption));
  }
  if (order_ == Order::kByLength)
    std::stable_sort(draws.begin(), draws.end(),
                     [](const Draw& a, const Draw& b) { return a.length > b.length; });
  return draws;
}

std::vector<int32_t> CutCaption(std::vector<int32_t> tokens, int64_t words, uint64_t key) {
  const auto size = static_cast<int64_t>(tokens.size());
  if (size <= words) return tokens;
  auto positions = ShuffledRows(size, key);
  positions.resize(static_cast<size_t>(words));
  std::sort(positions.begin(), positions.end());
  std::vector<int32_t> cut;
  for (const int64_t position : positions) cut.push_back(tokens[static_cast<size_t>(position)]);
  return cut;
}

}  // namespace helio::dataio
