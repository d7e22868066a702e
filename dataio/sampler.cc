#include "dataio/sampler.h"

#include <algorithm>
#include <numeric>

#include "src/base/random.h"

namespace helio::dataio {

std::vector<int64_t> ShuffledRows(int64_t size, uint64_t key) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  RandomStream random(key);
  for (int64_t i = size - 1; i > 0; --i)
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(random.Below(i + 1))]);
  return order;
}

Sampler::Sampler(const Dataset& dataset, int64_t global_batch, const DomainNeeds& needs, uint64_t seed,
                 int64_t together)
    : dataset_(dataset),
      batch_(global_batch),
      words_(needs.words),
      by_length_(needs.order == dataio::Order::kByLength),
      seed_(seed),
      steps_per_epoch_(dataset.size() / std::max<int64_t>(global_batch * together, 1) * together) {
  if (global_batch < 1 || steps_per_epoch_ < 1)
    ThrowUser("split '" + dataset.split() + "' has " + std::to_string(dataset.size()) +
                  " rows, fewer than a batch of " + std::to_string(global_batch * together),
              "--batch");
}

Sampler::Order Sampler::Permutation(int64_t epoch) const {
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

std::vector<Draw> Sampler::Batch(int64_t step) const {
  const int64_t epoch = step / steps_per_epoch_, first = step % steps_per_epoch_ * batch_;
  const auto order = Permutation(epoch);
  std::vector<Draw> draws;
  for (int64_t i = first; i < first + batch_; ++i) {
    auto& draw = draws.emplace_back(Draw{order->at(static_cast<size_t>(i)), 0, 0});
    if (dataset_.captions() == 0) continue;
    draw.caption =
        RandomStream(RandomKey(seed_, "caption", {epoch, draw.row})).Below(dataset_.Captions(draw.row));
    draw.length = std::min(words_, dataset_.TokenCount(draw.row, draw.caption));
  }
  if (by_length_)
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
