#pragma once
#include <gtest/gtest.h>

#include "cluster/thread_communicator.h"
#include "src/base/tensor.h"
#include "src/eval/evaluator.h"
#include "src/eval/gather_partial.h"

namespace helio::eval {

// `count` samples whose "picture" is a flat vector of `size` numbers: features need no network then.
inline EvalBatch RandomSamples(int64_t count, int64_t size, int64_t classes, int seed) {
  torch::manual_seed(seed);
  EvalBatch batch;
  batch.positions = torch::arange(count);
  batch.images = torch::randn({count, size});
  batch.real = torch::randn({count, size}) * 1.5 + 0.2;
  batch.classes = torch::arange(count) % classes;
  batch.captions = torch::randint(1, 50, {count, 6}, torch::kInt64);
  batch.lengths = torch::full({count}, 6, torch::kInt64);
  return batch;
}

// The rows that rank `rank` of `ranks` would draw: interleaved, so that merging has to reorder.
inline EvalBatch Share(const EvalBatch& all, int rank, int ranks) {
  const auto rows = torch::arange(rank, all.positions.size(0), ranks);
  const auto pick = [&](const torch::Tensor& t) { return t.defined() ? t.index_select(0, rows) : t; };
  return {pick(all.positions), pick(all.images),  {},
          pick(all.captions),  pick(all.lengths), pick(all.classes),
          pick(all.real),      pick(all.asked),   pick(all.boxes)};
}

// Scores of `samples` by as many evaluators as ranks.
// Over ranks that are threads, as the programs do it; the last `idle` of them have no sample.
template <typename MakeEvaluator>
std::vector<Score> ScoreOverRanks(const EvalBatch& samples, int ranks, MakeEvaluator make, int idle = 0) {
  std::vector<Score> scores;
  cluster::RunThreadRanks(ranks + idle, [&](cluster::Communicator& communicator) {
    auto evaluator = make();
    if (communicator.rank() < ranks) evaluator.Consume(Share(samples, communicator.rank(), ranks));
    auto own = make().Finish(GatherPartial(evaluator.Partial(), communicator));
    if (communicator.rank() == 0) scores = std::move(own);
  });
  return scores;
}

template <typename MakeEvaluator>
void ExpectSameForAnyRanks(const EvalBatch& samples, MakeEvaluator make) {
  const auto alone = ScoreOverRanks(samples, 1, make);
  ASSERT_FALSE(alone.empty());
  for (const auto& [ranks, idle] : {std::pair{2, 0}, {4, 0}, {2, 1}}) {
    const auto together = ScoreOverRanks(samples, ranks, make, idle);
    for (size_t i = 0; i < alone.size(); ++i) {
      EXPECT_NEAR(together[i].value, alone[i].value, 1e-9 * std::abs(alone[i].value)) << alone[i].name;
      EXPECT_EQ(together[i].protocol, alone[i].protocol);
    }
  }
}

}  // namespace helio::eval
