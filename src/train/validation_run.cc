#include "src/train/validation_run.h"

#include <algorithm>

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"

namespace helio::train {
namespace {

constexpr int64_t kAtOnce = 100;

// Scores of other numbers of rows do not compare, retrieval's least of all.
std::vector<recipes::ValidationScore> WithCount(std::vector<recipes::ValidationScore> scores, int64_t rows) {
  for (auto& score : scores)
    score.protocol += (score.protocol.empty() ? "N=" : ", N=") + std::to_string(rows) + " in batches of " +
                      std::to_string(std::min(rows, kAtOnce));
  return scores;
}

}  // namespace

std::vector<recipes::ValidationScore> RunValidation(recipes::Validation& validation,
                                                    std::span<const dataio::HeldOut> sets,
                                                    const ValidationOptions& validation_options,
                                                    cluster::Communicator& communicator) {
  const auto& dataset = *sets.front().dataset;
  std::vector<dataio::DomainNeeds> needs;
  for (const auto& set : sets) needs.push_back(set.needs);
  const int64_t rows = std::min(validation_options.images, dataset.size());
  const int64_t chunks = std::max<int64_t>(1, (rows + kAtOnce - 1) / kAtOnce);
  const auto draws = dataio::EvaluationDraws(dataset, rows, needs[0].words, validation_options.seed);
  torch::Tensor sums;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const bool own = chunk % communicator.size() == communicator.rank();
    if (!own && sums.defined())
      continue;  // a rank without a chunk consumes one all the same, to know the sums' shape
    const int64_t first = chunk * kAtOnce;
    const auto part = std::span(draws).subspan(static_cast<size_t>(first),
                                               static_cast<size_t>(std::min(kAtOnce, rows - first)));
    auto batch = dataio::HeldOutBatch(sets, part, validation_options.seed);
    dataio::Upload(batch, needs, communicator.world().device, validation_options.dtype);
    const auto of_chunk = validation.Consume(batch).cpu();
    if (!sums.defined()) sums = torch::zeros_like(of_chunk);
    if (own) sums += of_chunk;
  }
  communicator.Await(communicator.AllReduce(sums, cluster::Reduce::kSum, "validation"));
  return WithCount(validation.Finish(sums), rows);
}

}  // namespace helio::train
