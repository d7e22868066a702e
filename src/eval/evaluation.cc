#include "src/eval/evaluation.h"

#include <algorithm>

#include "dataio/evaluation_rows.h"
#include "dataio/upload.h"
#include "src/base/error.h"
#include "src/base/random.h"
#include "src/eval/caption_diversity.h"
#include "src/eval/evaluators.h"
#include "src/eval/gather_partial.h"
#include "src/eval/place_score.h"
#include "src/eval/report.h"

namespace helio::eval {
namespace {

// Pictures that are drawn and judged together. A chunk has the same pictures for every number of ranks, so
// that networks see the same batches and scores are the same to the last digit, with as many threads a rank.
constexpr int64_t kChunk = 64;

EvalBatch ToEvalBatch(const dataio::Batch& batch, int64_t first, const Examination& examination) {
  EvalBatch result;
  const int64_t size = batch.rows.local;
  const auto& data = batch.data();
  result.positions = torch::arange(first, first + size, torch::kInt64);
  result.captions = data.captions;
  result.lengths = data.caption_lengths;
  result.classes = data.classes;
  if (data.boxes.defined()) result.boxes = data.boxes;
  if (!data.boxes.defined() && data.key_points.defined()) result.boxes = BoxesOfPoints(data.key_points);
  const auto& attributes = examination.judges.attributes;
  if (!attributes) return result;
  std::vector<torch::Tensor> asked;
  for (int64_t i = 0; i < size; ++i)
    asked.push_back(attributes->Asked(examination.rows.Id(data.records[static_cast<size_t>(i)]),
                                      data.caption_indices[static_cast<size_t>(i)]));
  result.asked = torch::stack(asked);
  return result;
}

// What can be scored of a system with such needs.
Evaluators EvaluatorsFor(const Examination& examination, const std::string& prefix) {
  const auto& judges = examination.judges;
  const auto& needs = examination.needs;
  auto evaluators = MakeEvaluators(judges, examination.rows, prefix, examination.options.seed);
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

torch::Tensor RealPictures(dataio::Batch& batch, const Examination& examination) {
  dataio::Upload(batch, examination.needs, examination.judges.device, torch::kFloat32);
  return batch.data().images.back();
}

std::string NameOfRows(const dataio::Dataset& rows) {
  return rows.split() + " of data set " + rows.digest().substr(0, 12);
}

FeatureOrigin OriginOf(const Examination& examination) {
  const auto rows = NameOfRows(examination.rows);
  return {examination.judges.features_protocol, "captions of " + rows, rows};
}

// Scores of other pictures do not compare: each protocol says which these are.
std::vector<Score> WithSubject(const std::string& pictures, const Examination& examination,
                               std::vector<Score> scores) {
  const auto subject = "; " + pictures + ", seed=" + std::to_string(examination.options.seed);
  for (auto& score : scores) score.protocol += subject;
  return scores;
}

std::string RealOf(const Examination& examination) { return "pictures of " + NameOfRows(examination.rows); }

std::string DrawnFor(const std::string& what, const recipes::Drawer& drawer) {
  const auto manner = drawer.manner();
  return "unrounded pictures of " + what + (manner.empty() ? "" : ", " + manner);
}

// By what of the rows the system is told.
std::string DrawnForRows(const Examination& examination, const recipes::Drawer& drawer) {
  const bool reads = examination.needs.captions || examination.needs.embeddings > 0;
  const char* what = reads ? "captions of " : drawer.classes() > 0 ? "classes of " : "noise alone, beside ";
  return DrawnFor(what + NameOfRows(examination.rows), drawer);
}

// Shows the evaluators this rank's share of the samples.
void Show(const Evaluators& evaluators, const Examination& examination, const Illustrate& illustrate) {
  const auto& [judges, rows, needs, options, communicator] = examination;
  // Judges read captions where there are any, whatever the system does.
  auto with_captions = needs;
  with_captions.captions = needs.captions || rows.captions() > 0;
  const auto draws = dataio::EvaluationDraws(rows, options.images, needs.words, options.seed);
  for (int64_t first = communicator.rank() * kChunk; first < options.images;
       first += communicator.size() * kChunk) {
    const auto part = std::span(draws).subspan(static_cast<size_t>(first),
                                               static_cast<size_t>(std::min(kChunk, options.images - first)));
    auto batch = dataio::EvaluationBatch(rows, part, with_captions, options.seed);
    auto sample = ToEvalBatch(batch, first, examination);
    illustrate(batch, first, sample);
    for (const auto& evaluator : evaluators) evaluator->Consume(sample);
    Tell(options.watch, first, kChunk, communicator.size(), options.images);
  }
}

std::vector<Score> Evaluate(const Evaluators& evaluators, const Examination& examination,
                            const Illustrate& illustrate) {
  Show(evaluators, examination, illustrate);
  const auto& options = examination.options;
  auto& communicator = examination.communicator;
  std::vector<Score> scores;
  for (const auto& evaluator : evaluators) {
    const auto merged =
        evaluator->Settled(GatherPartial(evaluator->Partial(), communicator), examination.rows.size());
    if (evaluator->is_worth_a_file() && !options.features_file.empty() && communicator.rank() == 0)
      WriteFeatures(options.features_file, OriginOf(examination), merged);
    AddScores(*evaluator, merged, options.absent, scores);
  }
  return scores;
}

torch::Tensor LastStage(recipes::Drawer& drawer, const recipes::Prompt& prompt, uint64_t key,
                        const RowRange& rows) {
  return drawer.Draw(prompt, recipes::RowsOf(key, rows)).images.back();
}

// Pictures for classes alone.
torch::Tensor DrawClasses(recipes::Drawer& drawer, const torch::Tensor& classes, uint64_t seed,
                          const RowRange& rows) {
  recipes::Prompt prompt;
  prompt.classes = classes;
  return LastStage(drawer, prompt, RandomKey(seed, "evaluation"), rows);
}

std::vector<Score> ClassScores(const Examination& train, int64_t classes, const std::string& prefix,
                               const Illustrate& illustrate) {
  Evaluators evaluators;
  evaluators.push_back(MakeClassEvaluator(train.judges, classes, prefix));
  return Evaluate(evaluators, train, illustrate);
}

}  // namespace

std::vector<Score> EvaluateGenerator(recipes::Drawer& drawer, const Examination& test) {
  const auto illustrate = [&](dataio::Batch& batch, int64_t first, EvalBatch& sample) {
    const RowRange rows{first, batch.rows.local, test.options.images};
    sample.images =
        LastStage(drawer, recipes::PromptOf(batch.data()), RandomKey(test.options.seed, "evaluation"), rows);
    if (test.judges.distances.any()) sample.real = RealPictures(batch, test);
  };
  return WithSubject(DrawnForRows(test, drawer), test, Evaluate(EvaluatorsFor(test, ""), test, illustrate));
}

std::vector<Score> EvaluateReal(const Examination& test) {
  const auto illustrate = [&](dataio::Batch& batch, int64_t, EvalBatch& sample) {
    sample.images = RealPictures(batch, test);
  };
  return WithSubject(RealOf(test), test, Evaluate(EvaluatorsFor(test, "real_"), test, illustrate));
}

std::vector<Score> EvaluateDiversity(recipes::Drawer& drawer, const Examination& test, int64_t pictures) {
  Evaluators evaluators;
  evaluators.push_back(std::make_unique<CaptionDiversity>("diversity"));
  auto captions = test;
  captions.options.images /= pictures;
  const auto illustrate = [&](dataio::Batch& batch, int64_t first, EvalBatch& sample) {
    const RowRange rows{first, batch.rows.local, captions.options.images};
    for (int64_t i = 0; i < pictures; ++i)
      sample.several.push_back(LastStage(drawer, recipes::PromptOf(batch.data()),
                                         RandomKey(captions.options.seed, "diversity", {i}), rows));
  };
  return WithSubject(DrawnForRows(captions, drawer), captions, Evaluate(evaluators, captions, illustrate));
}

std::vector<Score> EvaluateClasses(recipes::Drawer& drawer, const Examination& train) {
  const int64_t classes = drawer.classes();
  const bool of_rows = train.rows.has_classes() && train.rows.classes() == classes;
  const auto drawn = [&](dataio::Batch& batch, int64_t first, EvalBatch& sample) {
    if (!of_rows) sample.classes = sample.positions.remainder(classes);
    sample.images = DrawClasses(drawer, sample.classes, train.options.seed,
                                {first, batch.rows.local, train.options.images});
  };
  const auto asked = of_rows ? "classes of " + NameOfRows(train.rows)
                             : "each of " + std::to_string(classes) + " classes in turn";
  auto scores = WithSubject(DrawnFor(asked, drawer), train, ClassScores(train, classes, "", drawn));
  if (!of_rows) return scores;  // which of them real pictures are of nobody knows
  const auto real = [&](dataio::Batch& batch, int64_t, EvalBatch& sample) {
    sample.images = RealPictures(batch, train);
  };
  std::ranges::move(WithSubject(RealOf(train), train, ClassScores(train, classes, "real_", real)),
                    std::back_inserter(scores));
  return scores;
}

std::vector<recipes::ValidationScore> ValidationScores(const std::vector<Score>& scores) {
  std::vector<recipes::ValidationScore> values;
  for (const auto& score : scores) values.push_back({score.name, score.value, score.protocol});
  return values;
}

}  // namespace helio::eval
