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

EvalBatch ToEvalBatch(const dataio::Batch& batch, int64_t first, const EvaluationTask& task) {
  EvalBatch result;
  const int64_t size = batch.rows.local;
  const auto& data = batch.data();
  result.positions = torch::arange(first, first + size, torch::kInt64);
  result.captions = data.captions;
  result.lengths = data.caption_lengths;
  result.classes = data.classes;
  if (data.boxes.defined()) result.boxes = data.boxes;
  if (!data.boxes.defined() && data.key_points.defined()) result.boxes = BoxesOfPoints(data.key_points);
  const auto& attributes = task.judges.attributes;
  if (!attributes) return result;
  std::vector<torch::Tensor> asked;
  for (int64_t i = 0; i < size; ++i)
    asked.push_back(attributes->Asked(task.rows.Id(data.records[static_cast<size_t>(i)]),
                                      data.caption_indices[static_cast<size_t>(i)]));
  result.asked = torch::stack(asked);
  return result;
}

// The evaluators for a system with the task's needs.
Evaluators EvaluatorsFor(const EvaluationTask& task, const std::string& prefix) {
  const auto& judges = task.judges;
  const auto& needs = task.needs;
  auto evaluators = MakeEvaluators(judges, task.rows, prefix, task.options.seed);
  // Where a bird is can be seen in drawn pictures only.
  if (judges.attributes && (needs.boxes || needs.key_points))
    evaluators.push_back(std::make_unique<PlaceScore>(prefix + "place"));
  return evaluators;
}

// Fills a sample's pictures of a batch's rows [first, ...), on any device.
using Illustrate = std::function<void(dataio::Batch& batch, int64_t first, EvalBatch& sample)>;

// Options that do not suit one evaluator must not cost the scores of the others.
void AddScores(const Evaluator& evaluator, const NamedTensors& merged, const AbsenceCallback& absent,
               std::vector<Score>& scores) {
  try {
    for (auto& score : evaluator.Finish(merged)) scores.push_back(std::move(score));
  } catch (const Error& error) {
    if (!absent || error.kind() != ErrorKind::kUser) throw;
    absent(evaluator.name(), error.what());
  }
}

torch::Tensor RealPictures(dataio::Batch& batch, const EvaluationTask& task) {
  dataio::Upload(batch, task.needs, task.judges.device, torch::kFloat32);
  return batch.data().images.back();
}

std::string NameOfRows(const dataio::Dataset& rows) {
  return rows.split() + " of data set " + rows.digest().substr(0, 12);
}

FeatureOrigin OriginOf(const EvaluationTask& task) {
  const auto rows = NameOfRows(task.rows);
  return {task.judges.features_protocol, "captions of " + rows, rows};
}

// Scores of different pictures do not compare, so that each protocol says which pictures these are.
std::vector<Score> WithSubject(const std::string& pictures, const EvaluationTask& task,
                               std::vector<Score> scores) {
  const auto subject = "; " + pictures + ", seed=" + std::to_string(task.options.seed);
  for (auto& score : scores) score.protocol += subject;
  return scores;
}

std::string RealOf(const EvaluationTask& task) { return "pictures of " + NameOfRows(task.rows); }

std::string DrawnFor(const std::string& what, const recipes::Drawer& drawer) {
  const auto manner = drawer.manner();
  return "unrounded pictures of " + what + (manner.empty() ? "" : ", " + manner);
}

// Names what of the rows the system draws from.
std::string DrawnForRows(const EvaluationTask& task, const recipes::Drawer& drawer) {
  const bool reads = task.needs.captions || task.needs.embeddings > 0;
  const char* what = reads ? "captions of " : drawer.classes() > 0 ? "classes of " : "noise alone, beside ";
  return DrawnFor(what + NameOfRows(task.rows), drawer);
}

// Shows the evaluators this rank's share of the samples.
void Show(const Evaluators& evaluators, const EvaluationTask& task, const Illustrate& illustrate) {
  const auto& [judges, rows, needs, options, communicator] = task;
  // Judges read captions where there are any, whatever the system does.
  auto with_captions = needs;
  with_captions.captions = needs.captions || rows.captions() > 0;
  const auto draws = dataio::EvaluationDraws(rows, options.images, needs.words, options.seed);
  for (int64_t first = communicator.rank() * kChunk; first < options.images;
       first += communicator.size() * kChunk) {
    const auto part = std::span(draws).subspan(static_cast<size_t>(first),
                                               static_cast<size_t>(std::min(kChunk, options.images - first)));
    auto batch = dataio::EvaluationBatch(rows, part, with_captions, options.seed);
    auto sample = ToEvalBatch(batch, first, task);
    illustrate(batch, first, sample);
    for (const auto& evaluator : evaluators) evaluator->Consume(sample);
    ReportProgress(options.progress, first, kChunk, communicator.size(), options.images);
  }
}

std::vector<Score> Evaluate(const Evaluators& evaluators, const EvaluationTask& task,
                            const Illustrate& illustrate) {
  Show(evaluators, task, illustrate);
  const auto& options = task.options;
  auto& communicator = task.communicator;
  std::vector<Score> scores;
  for (const auto& evaluator : evaluators) {
    const auto merged =
        evaluator->Settled(GatherPartial(evaluator->Partial(), communicator), task.rows.size());
    if (evaluator->is_worth_a_file() && !options.features_file.empty() && communicator.rank() == 0)
      WriteFeatures(options.features_file, OriginOf(task), merged);
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

std::vector<Score> ClassScores(const EvaluationTask& train, int64_t classes, const std::string& prefix,
                               const Illustrate& illustrate) {
  Evaluators evaluators;
  evaluators.push_back(MakeClassEvaluator(train.judges, classes, prefix));
  return Evaluate(evaluators, train, illustrate);
}

}  // namespace

std::vector<Score> EvaluateGenerator(recipes::Drawer& drawer, const EvaluationTask& test) {
  const auto illustrate = [&](dataio::Batch& batch, int64_t first, EvalBatch& sample) {
    const RowRange rows{first, batch.rows.local, test.options.images};
    sample.images =
        LastStage(drawer, recipes::PromptOf(batch.data()), RandomKey(test.options.seed, "evaluation"), rows);
    if (test.judges.distances.any()) sample.real = RealPictures(batch, test);
  };
  return WithSubject(DrawnForRows(test, drawer), test, Evaluate(EvaluatorsFor(test, ""), test, illustrate));
}

std::vector<Score> EvaluateReal(const EvaluationTask& test) {
  const auto illustrate = [&](dataio::Batch& batch, int64_t, EvalBatch& sample) {
    sample.images = RealPictures(batch, test);
  };
  return WithSubject(RealOf(test), test, Evaluate(EvaluatorsFor(test, "real_"), test, illustrate));
}

std::vector<Score> EvaluateDiversity(recipes::Drawer& drawer, const EvaluationTask& test, int64_t pictures) {
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

std::vector<Score> EvaluateClasses(recipes::Drawer& drawer, const EvaluationTask& train) {
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
