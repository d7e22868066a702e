#include "src/train/validation_run.h"

#include <algorithm>

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"

namespace helio::train {
namespace {

constexpr int64_t kAtOnce = 100;

// Scores over different numbers of rows do not compare, least of all those of retrieval.
std::vector<recipes::ValidationScore> WithCount(std::vector<recipes::ValidationScore> scores, int64_t rows) {
  for (auto& score : scores)
    score.protocol += (score.protocol.empty() ? "N=" : ", N=") + std::to_string(rows) + " in batches of " +
                      std::to_string(std::min(rows, kAtOnce));
  return scores;
}

std::span<const dataio::Draw> DrawsOf(std::span<const dataio::Draw> draws, int64_t chunk) {
  const auto first = static_cast<size_t>(chunk * kAtOnce);
  return draws.subspan(first, std::min(static_cast<size_t>(kAtOnce), draws.size() - first));
}

dataio::Batch UploadedBatch(std::span<const dataio::HeldOut> sets, std::span<const dataio::Draw> draws,
                            const ValidationOptions& options, torch::Device device) {
  std::vector<dataio::DomainNeeds> needs;
  for (const auto& set : sets) needs.push_back(set.needs);
  auto batch = dataio::HeldOutBatch(sets, draws, options.seed);
  dataio::Upload(batch, needs, device, options.dtype);
  return batch;
}

}  // namespace

std::vector<recipes::ValidationScore> RunValidation(recipes::Validation& validation,
                                                    std::span<const dataio::HeldOut> sets,
                                                    const ValidationOptions& validation_options,
                                                    cluster::Communicator& communicator) {
  const auto& first = sets.front();
  const int64_t rows = std::min(validation_options.images, first.dataset->size());
  const int64_t chunks = std::max<int64_t>(1, (rows + kAtOnce - 1) / kAtOnce);
  const auto draws =
      dataio::EvaluationDraws(*first.dataset, rows, first.needs.words, validation_options.seed);
  torch::Tensor sums;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const bool own = chunk % communicator.size() == communicator.rank();
    // A rank without a chunk of its own consumes one all the same, to know the sums' shape.
    if (!own && sums.defined()) continue;
    const auto batch =
        UploadedBatch(sets, DrawsOf(draws, chunk), validation_options, communicator.world().device);
    const auto of_chunk = validation.Consume(batch).cpu();
    if (!sums.defined()) sums = torch::zeros_like(of_chunk);
    if (own) sums += of_chunk;
  }
  communicator.Await(communicator.AllReduce(sums, cluster::Reduce::kSum, "validation"));
  return WithCount(validation.Finish(sums), rows);
}

}  // namespace helio::train
