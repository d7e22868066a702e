#include "src/train/validation_run.h"

#include <algorithm>

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"

namespace helio::train {
namespace {

constexpr int64_t kAtOnce = 100;

}  // namespace

std::vector<recipes::ValidationScore> RunValidation(recipes::Validation& validation,
                                                    std::span<const dataio::HeldOut> sets,
                                                    const ValidationOptions& validation_options,
                                                    cluster::Communicator& communicator) {
  const auto& dataset = *sets.front().dataset;
  std::vector<dataio::DomainNeeds> needs;
  for (const auto& set : sets) needs.push_back(set.needs);
  const int64_t chunks = std::max<int64_t>(1, std::min(validation_options.images, dataset.size()) / kAtOnce);
  const int64_t rows = std::min(kAtOnce, dataset.size());
  const auto draws = dataio::EvaluationDraws(dataset, chunks * rows, needs[0].words, validation_options.seed);
  torch::Tensor sums;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const bool own = chunk % communicator.size() == communicator.rank();
    if (!own && sums.defined())
      continue;  // a rank without a chunk consumes one all the same, to know the sums' shape
    const auto part = std::span(draws).subspan(static_cast<size_t>(chunk * rows), static_cast<size_t>(rows));
    auto batch = dataio::HeldOutBatch(sets, part, validation_options.seed);
    dataio::Upload(batch, needs, communicator.world().device, validation_options.dtype);
    const auto of_chunk = validation.Consume(batch).cpu();
    if (!sums.defined()) sums = torch::zeros_like(of_chunk);
    if (own) sums += of_chunk;
  }
  communicator.Await(communicator.AllReduce(sums, cluster::Reduce::kSum, "validation"));
  return validation.Finish(sums);
}

}  // namespace helio::train
