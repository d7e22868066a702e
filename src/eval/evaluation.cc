#include "src/eval/evaluation.h"

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"
#include "src/base/error.h"
#include "src/base/random.h"
#include "src/eval/caption_diversity.h"
#include "src/eval/gather_partial.h"
#include "src/eval/place_score.h"
#include "src/eval/report.h"

namespace helio::eval {
namespace {

// Pictures that are drawn and judged together. A chunk has the same pictures for every number of ranks, so
// that networks see the same batches and scores are the same to the last digit, with as many threads a rank.
constexpr int64_t kChunk = 64;
constexpr char kDrawnForCaptions[] = "unrounded pictures of captions";
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
  if (data.boxes.defined()) result.boxes = data.boxes;
  if (!data.boxes.defined() && data.key_points.defined()) result.boxes = BoxesOfPoints(data.key_points);
  if (!judges.attributes) return result;
  std::vector<torch::Tensor> asked;
  for (int64_t i = 0; i < size; ++i)
    asked.push_back(judges.attributes->Asked(test.Id(data.records[static_cast<size_t>(i)]),
                                             data.caption_indices[static_cast<size_t>(i)]));
  result.asked = torch::stack(asked);
  return result;
}

// What can be scored of a system with such needs.
Evaluators EvaluatorsFor(const Judges& judges, const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                         const std::string& prefix, uint64_t seed) {
  auto evaluators = MakeEvaluators(judges, test, prefix, seed);
  if (judges.attributes && (needs.boxes || needs.key_points))  // of drawn birds one sees where they are
    evaluators.push_back(std::make_unique<PlaceScore>(prefix + "place"));
  return evaluators;
}

// Fills a sample's pictures of a batch's rows [first, ...), on any device.
using Illustrate = std::function<void(dataio::Batch& batch, int64_t first, EvalBatch& sample)>;

// An option that does not suit one evaluator must not cost the scores of the others.
void AddScores(const Evaluator& evaluator, const NamedTensors& merged, const Absence& absent,
               std::vector<Score>& scores) {
  try {
    for (auto& score : evaluator.Finish(merged)) scores.push_back(std::move(score));
  } catch (const Error& error) {
    if (!absent || error.kind() != ErrorKind::kUser) throw;
    absent(evaluator.name(), error.what());
  }
}

torch::Tensor RealPictures(dataio::Batch& batch, const dataio::DomainNeeds& needs, torch::Device device) {
  dataio::Upload(batch, needs, device, torch::kFloat32);
  return batch.data().images.back();
}

std::string NameOfRows(const dataio::Dataset& rows) {
  return rows.split() + " of data set " + rows.digest().substr(0, 12);
}

FeatureOrigin OriginOf(const Judges& judges, const dataio::Dataset& rows) {
  return {judges.features_protocol, "captions of " + NameOfRows(rows), NameOfRows(rows)};
}

// Scores of other pictures do not compare: each protocol says which these are.
std::vector<Score> Of(const std::string& pictures, const dataio::Dataset& rows,
                      const EvaluationOptions& evaluation, std::vector<Score> scores) {
  const auto subject =
      "; " + pictures + " of " + NameOfRows(rows) + ", seed=" + std::to_string(evaluation.seed);
  for (auto& score : scores) score.protocol += subject;
  return scores;
}

std::vector<Score> Evaluate(const Evaluators& evaluators, const Judges& judges, const dataio::Dataset& test,
                            const dataio::DomainNeeds& needs, const EvaluationOptions& evaluation,
                            cluster::Communicator& communicator, const Illustrate& illustrate) {
  // Judges read captions where there are any, whatever the system does.
  auto with_captions = needs;
  with_captions.captions = needs.captions || test.captions() > 0;
  const auto draws = dataio::EvaluationDraws(test, evaluation.images, needs.words, evaluation.seed);
  for (int64_t first = communicator.rank() * kChunk; first < evaluation.images;
       first += communicator.size() * kChunk) {
    const auto part = std::span(draws).subspan(
        static_cast<size_t>(first), static_cast<size_t>(std::min(kChunk, evaluation.images - first)));
    auto batch = dataio::EvaluationBatch(test, part, with_captions, evaluation.seed);
    auto sample = ToEvalBatch(batch, first, judges, test);
    illustrate(batch, first, sample);
    for (const auto& evaluator : evaluators) evaluator->Consume(sample);
    Tell(evaluation.watch, first, kChunk, communicator.size(), evaluation.images);
  }
  std::vector<Score> scores;
  for (const auto& evaluator : evaluators) {
    const auto merged = evaluator->Settled(GatherPartial(evaluator->Partial(), communicator), test.size());
    if (evaluator->is_worth_a_file() && !evaluation.features_file.empty() && communicator.rank() == 0)
      WriteFeatures(evaluation.features_file, OriginOf(judges, test), merged);
    AddScores(*evaluator, merged, evaluation.absent, scores);
  }
  return scores;
}

torch::Tensor LastStage(recipes::Drawer& drawer, const recipes::Prompt& prompt, uint64_t key,
                        const RowRange& rows) {
  return drawer.Draw(prompt, recipes::RowsOf(key, rows)).images.back();
}

// A row's picture for its class alone.
torch::Tensor DrawClasses(recipes::Drawer& drawer, const dataio::Batch& batch, uint64_t seed,
                          const RowRange& rows) {
  recipes::Prompt prompt;
  prompt.classes = batch.data().classes;
  return LastStage(drawer, prompt, RandomKey(seed, "evaluation"), rows);
}

}  // namespace

std::vector<Score> EvaluateGenerator(recipes::Drawer& drawer, const Judges& judges,
                                     const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                                     const EvaluationOptions& evaluation,
                                     cluster::Communicator& communicator) {
  const auto illustrate = [&](dataio::Batch& batch, int64_t first, EvalBatch& sample) {
    const RowRange rows{first, batch.rows.local, evaluation.images};
    sample.images =
        LastStage(drawer, recipes::PromptOf(batch.data()), RandomKey(evaluation.seed, "evaluation"), rows);
    if (judges.distances.any()) sample.real = RealPictures(batch, needs, judges.device);
  };
  return Of(kDrawnForCaptions, test, evaluation,
            Evaluate(EvaluatorsFor(judges, test, needs, "", evaluation.seed), judges, test, needs, evaluation,
                     communicator, illustrate));
}

std::vector<Score> EvaluateReal(const Judges& judges, const dataio::Dataset& test,
                                const dataio::DomainNeeds& needs, const EvaluationOptions& evaluation,
                                cluster::Communicator& communicator) {
  const auto illustrate = [&](dataio::Batch& batch, int64_t, EvalBatch& sample) {
    sample.images = RealPictures(batch, needs, judges.device);
  };
  return Of("pictures", test, evaluation,
            Evaluate(EvaluatorsFor(judges, test, needs, "real_", evaluation.seed), judges, test, needs,
                     evaluation, communicator, illustrate));
}

std::vector<Score> EvaluateDiversity(recipes::Drawer& drawer, const Judges& judges,
                                     const dataio::Dataset& test, const dataio::DomainNeeds& needs,
                                     const EvaluationOptions& evaluation, int64_t pictures,
                                     cluster::Communicator& communicator) {
  Evaluators evaluators;
  evaluators.push_back(std::make_unique<CaptionDiversity>("diversity"));
  const EvaluationOptions captions{.images = evaluation.images / pictures,
                                   .seed = evaluation.seed,
                                   .watch = evaluation.watch,
                                   .absent = evaluation.absent};
  const auto illustrate = [&](dataio::Batch& batch, int64_t first, EvalBatch& sample) {
    const RowRange rows{first, batch.rows.local, captions.images};
    for (int64_t i = 0; i < pictures; ++i)
      sample.several.push_back(LastStage(drawer, recipes::PromptOf(batch.data()),
                                         RandomKey(evaluation.seed, "diversity", {i}), rows));
  };
  return Of(kDrawnForCaptions, test, evaluation,
            Evaluate(evaluators, judges, test, needs, captions, communicator, illustrate));
}

std::vector<Score> EvaluateClasses(recipes::Drawer& drawer, const Judges& judges,
                                   const dataio::Dataset& train, const dataio::DomainNeeds& needs,
                                   const EvaluationOptions& evaluation, cluster::Communicator& communicator) {
  std::vector<Score> scores;
  for (const bool real : {false, true}) {
    Evaluators evaluators;
    evaluators.push_back(MakeClassEvaluator(judges, train, real ? "real_" : ""));
    const auto illustrate = [&](dataio::Batch& batch, int64_t first, EvalBatch& sample) {
      const RowRange rows{first, batch.rows.local, evaluation.images};
      sample.images = real ? RealPictures(batch, needs, judges.device)
                           : DrawClasses(drawer, batch, evaluation.seed, rows);
    };
    for (auto& score : Of(real ? "pictures" : "unrounded pictures of classes", train, evaluation,
                          Evaluate(evaluators, judges, train, needs, evaluation, communicator, illustrate)))
      scores.push_back(std::move(score));
  }
  return scores;
}

std::vector<recipes::ValidationScore> ValidationScores(const std::vector<Score>& scores) {
  std::vector<recipes::ValidationScore> values;
  for (const auto& score : scores) values.push_back({score.name, score.value, score.protocol});
  return values;
}

}  // namespace helio::eval
