#include "src/app/gan_evaluation.h"

#include "src/app/training_program.h"
#include "src/base/noise.h"
#include "src/eval/colour_binding.h"
#include "src/eval/inception_score.h"
#include "src/eval/png_writer.h"
#include "src/eval/r_precision.h"
#include "src/eval/report.h"
#include "src/eval/sample_grid.h"
#include "src/nn/freeze.h"
#include "src/recipes/parts.h"

namespace helio::app {
namespace {

constexpr int64_t kChunk = 64;
using Evaluators = std::vector<std::unique_ptr<eval::Evaluator>>;

// Text features of the judge for padded captions.
eval::TextFunction SentenceCode(nn::TextEncoder text) {
  return [text](const torch::Tensor& captions, const torch::Tensor& lengths) mutable {
    torch::NoGradGuard no_grad;
    return text->forward(captions, lengths).sentence;
  };
}

eval::ImageFunction ImageCode(nn::ImageEncoder image) {
  return [image](const torch::Tensor& images) mutable {
    torch::NoGradGuard no_grad;
    return image->forward(images).code;
  };
}

eval::ImageFunction ClassProbabilities(nn::Classifier classifier) {
  return [classifier](const torch::Tensor& images) mutable {
    torch::NoGradGuard no_grad;
    return classifier->forward(images).softmax(1);
  };
}

torch::Tensor ColourOfWord(const eval::ColourAttributes& attributes, const dataio::Vocabulary& vocabulary) {
  auto colours = torch::full({vocabulary.size()}, -1, torch::kInt64);
  for (int64_t id = 1; id < vocabulary.size(); ++id) colours[id] = attributes.ColourOf(vocabulary.word(id));
  return colours;
}

Evaluators MakeEvaluators(const Judges& judges, const dataio::Dataset& test, const std::string& prefix,
                          uint64_t seed) {
  Evaluators evaluators;
  if (judges.image) {
    eval::RPrecisionOptions options;
    options.seed = seed;
    options.judge = "DAMSM " + judges.damsm_digest;
    evaluators.push_back(std::make_unique<eval::RPrecision>(prefix + "r_precision", ImageCode(judges.image),
                                                            SentenceCode(judges.text), options));
  }
  if (judges.classifier) {
    eval::InceptionScoreOptions options;
    options.judge = "classifier " + judges.classifier_digest;
    evaluators.push_back(std::make_unique<eval::InceptionScore>(
        prefix + "inception_score", ClassProbabilities(judges.classifier), options));
  }
  if (!judges.parts) return evaluators;
  eval::ColourBindingOptions binding;
  binding.judge = "part judge, " + std::to_string(100 * judges.parts_accuracy).substr(0, 5) +
                  " % right on held-out drawings";
  evaluators.push_back(std::make_unique<eval::ColourBinding>(
      prefix + "colour",
      [net = judges.parts](const torch::Tensor& images) { return eval::JudgeParts(net, images); }, binding));
  if (!judges.image) return evaluators;
  eval::ColourSwapOptions swap;
  swap.seed = seed;
  swap.judge = "DAMSM " + judges.damsm_digest;
  evaluators.push_back(std::make_unique<eval::ColourSwap>(
      prefix + "colour_swap", ImageCode(judges.image), SentenceCode(judges.text),
      ColourOfWord(*judges.attributes, test.vocabulary()), swap));
  return evaluators;
}

eval::EvalBatch ToEvalBatch(const dataio::Batch& batch, int64_t first, const Judges& judges,
                            const dataio::Dataset& test) {
  eval::EvalBatch result;
  const int64_t size = batch.rows.local;
  result.positions = torch::arange(first, first + size, torch::kInt64);
  result.captions = batch.captions;
  result.lengths = batch.caption_lengths;
  result.classes = batch.classes;
  if (!judges.attributes) return result;
  std::vector<torch::Tensor> asked;
  for (int64_t i = 0; i < size; ++i)
    asked.push_back(judges.attributes->Asked(test.Id(batch.records[static_cast<size_t>(i)]),
                                             batch.caption_indices[static_cast<size_t>(i)]));
  result.asked = torch::stack(asked);
  return result;
}

// All ranks' rows: each rank holds [rows.first, rows.end) of rows.global. Collective.
NamedTensors GatherPartial(const NamedTensors& own, const RowRange& rows,
                           cluster::Communicator& communicator) {
  NamedTensors merged;
  for (const auto& [name, tensor] : own) {
    auto shape = tensor.sizes().vec();
    shape[0] = rows.global;
    const auto type = tensor.scalar_type() == torch::kBool ? torch::kInt64 : tensor.scalar_type();
    auto all = torch::zeros(shape, type);
    all.narrow(0, rows.first, rows.local).copy_(tensor);
    communicator.AllReduce(all, cluster::Reduce::kSum, "evaluation").Wait();
    merged.emplace_back(name, all.to(tensor.scalar_type()));
  }
  return merged;
}

using Illustrate = std::function<torch::Tensor(const dataio::Batch& batch, int64_t first)>;

std::vector<eval::Score> Evaluate(const Evaluators& evaluators, const Judges& judges,
                                  const dataio::Dataset& test, const recipes::RecipeOptions& options,
                                  int64_t count, uint64_t seed, cluster::Communicator& communicator,
                                  const Illustrate& illustrate) {
  const auto draws = dataio::EvaluationDraws(test, count, options.words, seed);
  const auto rows = SplitRows(count, communicator.rank(), communicator.size());
  for (int64_t first = rows.first; first < rows.end(); first += kChunk) {
    const auto part = std::span(draws).subspan(static_cast<size_t>(first),
                                               static_cast<size_t>(std::min(kChunk, rows.end() - first)));
    const auto batch = dataio::EvaluationBatch(test, part, options.words, ImageSides(options), seed);
    auto sample = ToEvalBatch(batch, first, judges, test);
    sample.images = illustrate(batch, first);
    for (const auto& evaluator : evaluators) evaluator->Consume(sample);
  }
  std::vector<eval::Score> scores;
  for (const auto& evaluator : evaluators)
    for (auto& score : evaluator->Finish(GatherPartial(evaluator->Partial(), rows, communicator)))
      scores.push_back(std::move(score));
  return scores;
}

torch::Tensor PictureTensor(const dataio::Image& image) {
  return torch::tensor(at::ArrayRef<uint8_t>(image.pixels.data(), image.pixels.size()), torch::kUInt8)
      .view({image.height, image.width, 3})
      .permute({2, 0, 1});
}

// Pictures {N, 3, s, s} and part colours {N, parts} of up to `count` rows.
std::pair<torch::Tensor, torch::Tensor> PartExamples(const dataio::Dataset& dataset,
                                                     const eval::ColourAttributes& attributes, int64_t count,
                                                     uint64_t seed) {
  std::vector<torch::Tensor> pictures, colours;
  const auto order = dataio::ShuffledRows(dataset.size(), RandomKey(seed, "part_judge"));
  for (int64_t i = 0; i < std::min(count, dataset.size()); ++i) {
    const int64_t row = order[static_cast<size_t>(i)];
    pictures.push_back(PictureTensor(dataset.Picture(row)));
    colours.push_back(attributes.Colours(dataset.Id(row)));
  }
  return {torch::stack(pictures), torch::stack(colours)};
}

void AddPartJudge(Judges& judges, const std::string& file, const dataio::Dataset& train,
                  const dataio::Dataset& test, uint64_t seed) {
  judges.attributes = std::make_unique<eval::ColourAttributes>(file);
  const auto [pictures, colours] = PartExamples(train, *judges.attributes, 3000, seed);
  judges.parts = eval::TrainPartJudge(
      pictures, colours, static_cast<int64_t>(judges.attributes->colours().size()), {.seed = seed});
  const auto [held_out, truth] = PartExamples(test, *judges.attributes, 500, seed);
  judges.parts_accuracy = eval::PartJudgeAccuracy(judges.parts, held_out, truth);
}

}  // namespace

Judges MakeJudges(const recipes::RecipeOptions& options, const recipes::PretrainedWeights& weights,
                  const dataio::Dataset& test, const std::string& attributes, const dataio::Dataset* train,
                  uint64_t seed) {
  Judges judges;
  if (!weights.damsm.empty()) {
    judges.text = recipes::MakeTextEncoder(options);
    judges.image = recipes::MakeImageEncoder(options);
    recipes::LoadPretrained(*judges.text, weights.damsm, "text_encoder.", false, "--damsm");
    recipes::LoadPretrained(*judges.image, weights.damsm, "image_encoder.", false, "--damsm");
    nn::Freeze(*judges.text);
    nn::Freeze(*judges.image);
    judges.damsm_digest = eval::WeightsDigest(weights.damsm);
  }
  if (!weights.classifier.empty()) {
    judges.classifier =
        nn::Classifier(nn::MakeImageTrunk(options.image_trunk, "--image_trunk"), options.classes);
    recipes::LoadPretrained(*judges.classifier, weights.classifier, "classifier.", false, "--classifier");
    nn::Freeze(*judges.classifier);
    judges.classifier_digest = eval::WeightsDigest(weights.classifier);
  }
  if (!attributes.empty() && train != nullptr) AddPartJudge(judges, attributes, *train, test, seed);
  return judges;
}

std::vector<eval::Score> EvaluateGenerator(recipes::TextToImage& gan, const Judges& judges,
                                           const dataio::Dataset& test, const recipes::RecipeOptions& options,
                                           int64_t count, uint64_t seed,
                                           cluster::Communicator& communicator) {
  const auto illustrate = [&](const dataio::Batch& batch, int64_t first) {
    const RowRange rows{first, batch.rows.local, count};
    const auto text = gan.Encode(batch.captions, batch.caption_lengths);
    const auto noise = NormalRows(RandomKey(seed, "evaluation_noise"), rows, {gan.noise_size()});
    const auto condition = NormalRows(RandomKey(seed, "evaluation_condition"), rows, {gan.condition_size()});
    return gan.Draw(text, noise, condition).images.back();
  };
  return Evaluate(MakeEvaluators(judges, test, "", seed), judges, test, options, count, seed, communicator,
                  illustrate);
}

std::vector<eval::Score> EvaluateReal(const Judges& judges, const dataio::Dataset& test,
                                      const recipes::RecipeOptions& options, int64_t count, uint64_t seed,
                                      cluster::Communicator& communicator) {
  const auto illustrate = [](const dataio::Batch& batch, int64_t) { return batch.images.back(); };
  return Evaluate(MakeEvaluators(judges, test, "real_", seed), judges, test, options, count, seed,
                  communicator, illustrate);
}

std::vector<recipes::ValidationScore> ValidationScores(const std::vector<eval::Score>& scores) {
  std::vector<recipes::ValidationScore> values;
  for (const auto& score : scores) values.push_back({score.name, score.value, score.protocol});
  return values;
}

void WriteSampleGrid(recipes::TextToImage& gan, const dataio::Dataset& test,
                     const recipes::RecipeOptions& options, int64_t count, uint64_t seed,
                     const std::filesystem::path& path, const std::string& title) {
  const auto draws = dataio::EvaluationDraws(test, count, options.words, RandomKey(seed, "sample_grid"));
  const auto batch = dataio::EvaluationBatch(test, draws, options.words, ImageSides(options), seed);
  const RowRange rows{0, count, count};
  const auto pictures = gan.Draw(gan.Encode(batch.captions, batch.caption_lengths),
                                 NormalRows(RandomKey(seed, "grid_noise"), rows, {gan.noise_size()}),
                                 NormalRows(RandomKey(seed, "grid_condition"), rows, {gan.condition_size()}));
  std::vector<eval::Sample> samples;
  for (int64_t i = 0; i < count; ++i) {
    eval::Sample sample;
    sample.caption =
        test.Text(batch.records[static_cast<size_t>(i)], batch.caption_indices[static_cast<size_t>(i)]);
    for (const auto& stage : pictures.images) sample.stages.push_back(stage[i]);
    sample.real = batch.images.back()[i];
    samples.push_back(std::move(sample));
  }
  eval::WritePng(
      path,
      eval::DrawSampleGrid(
          samples, {.title = title,
                    .subtitle = "captions of held-out classes; last column: a real picture of the caption"}));
}

recipes::TextCondition EncodeDraws(recipes::TextToImage& gan, const dataio::Dataset& dataset,
                                   std::span<const dataio::Draw> draws, int64_t words, uint64_t seed) {
  std::vector<std::vector<int32_t>> captions;
  for (const auto& draw : draws)
    captions.push_back(dataio::CutCaption(dataset.Tokens(draw.row, draw.caption), words,
                                          RandomKey(seed, "evaluation_cut", {draw.row, draw.caption})));
  const auto [ids, lengths] = dataio::PadCaptions(captions, words);
  return gan.Encode(ids, lengths);
}

NamedTensors BuffersOf(const torch::nn::Module& module) {
  NamedTensors buffers;
  for (const auto& entry : module.named_buffers()) buffers.emplace_back(entry.key(), entry.value());
  return buffers;
}

NamedTensors Clone(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.clone());
  return copies;
}

}  // namespace helio::app
