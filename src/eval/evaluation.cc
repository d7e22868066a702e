#include "src/eval/evaluation.h"

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"
#include "src/base/random.h"
#include "src/eval/gather_partial.h"

namespace helio::eval {
namespace {

constexpr int64_t kChunk = 64;
using Evaluators = std::vector<std::unique_ptr<Evaluator>>;

EvalBatch ToEvalBatch(const dataio::Batch& batch, int64_t first, const Judges& judges,
                      const dataio::Dataset& test) {
  EvalBatch result;
  const int64_t size = batch.rows.local;
  const auto& data = batch.data();
  result.positions = torch::arange(first, first + size, torch::kInt64);
  result.captions = data.captions;
  result.lengths = data.caption_lengths;
  result.classes = data.classes;
  if (!judges.attributes) return result;
  std::vector<torch::Tensor> asked;
  for (int64_t i = 0; i < size; ++i)
    asked.push_back(judges.attributes->Asked(test.Id(data.records[static_cast<size_t>(i)]),
                                             data.caption_indices[static_cast<size_t>(i)]));
  result.asked = torch::stack(asked);
  return result;
}

// The pictures of a batch's rows [first, ...) on any device.
using Illustrate = std::function<torch::Tensor(dataio::Batch& batch, int64_t first)>;

std::vector<Score> Evaluate(const Evaluators& evaluators, const Judges& judges, const dataio::Dataset& test,
                            const dataio::DomainNeeds& needs, const EvaluationOptions& evaluation,
                            cluster::Communicator& communicator, const Illustrate& illustrate) {
  // Judges read captions, whatever the system does.
  auto with_captions = needs;
  with_captions.captions = true;
  const auto draws = dataio::EvaluationDraws(test, evaluation.images, needs.words, evaluation.seed);
  const auto rows = SplitRows(evaluation.images, communicator.rank(), communicator.size());
  for (int64_t first = rows.first; first < rows.end(); first += kChunk) {
    const auto part = std::span(draws).subspan(static_cast<size_t>(first),
                                               static_cast<size_t>(std::min(kChunk, rows.end() - first)));
    auto batch = dataio::EvaluationBatch(test, part, with_captions, evaluation.seed);
    auto sample = ToEvalBatch(batch, first, judges, test);
    sample.images = illustrate(batch, first);
    for (const auto& evaluator : evaluators) evaluator->Consume(sample);
  }
  std::vector<Score> scores;
  for (const auto& evaluator : evaluators)
    for (auto& score : evaluator->Finish(GatherPartial(evaluator->Partial(), communicator)))
      scores.push_back(std::move(score));
  return scores;
}

}  // namespace

std::vector<Score> EvaluateGenerator(recipes::Drawer& drawer, const Judges& judges,
                                     const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                                     const EvaluationOptions& evaluation,
                                     cluster::Communicator& communicator) {
  const auto illustrate = [&](dataio::Batch& batch, int64_t first) {
    const RowRange rows{first, batch.rows.local, evaluation.images};
    return drawer.Draw(recipes::PromptOf(batch.data()), RandomKey(evaluation.seed, "evaluation"), rows)
        .images.back();
  };
  return Evaluate(MakeEvaluators(judges, test, "", evaluation.seed), judges, test, needs, evaluation,
                  communicator, illustrate);
}

std::vector<Score> EvaluateReal(const Judges& judges, const dataio::Dataset& test,
                                const dataio::DomainNeeds& needs, const EvaluationOptions& evaluation,
                                cluster::Communicator& communicator) {
  const auto illustrate = [&](dataio::Batch& batch, int64_t) {
    dataio::Upload(batch, needs, judges.device, torch::kFloat32);
    return batch.data().images.back();
  };
  return Evaluate(MakeEvaluators(judges, test, "real_", evaluation.seed), judges, test, needs, evaluation,
                  communicator, illustrate);
}

std::vector<recipes::ValidationScore> ValidationScores(const std::vector<Score>& scores) {
  std::vector<recipes::ValidationScore> values;
  for (const auto& score : scores) values.push_back({score.name, score.value, score.protocol});
  return values;
}

}  // namespace helio::eval
