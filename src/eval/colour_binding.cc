#include "src/eval/colour_binding.h"

#include "src/base/error.h"
#include "src/base/finite.h"
#include "src/base/random.h"

namespace helio::eval {
namespace {

constexpr int64_t kNotSeen = -2;  // no colour of a part that the judge has no finite values of

// Means over the rows that `counts`, in folds.
MeanDeviation FoldMeansWhere(const torch::Tensor& right, const torch::Tensor& counts, int64_t folds,
                             const std::string& where) {
  const auto chosen = right.masked_select(counts);
  if (chosen.size(0) < folds) ThrowUser("too few captions name colours", where, "evaluate more samples");
  return FoldMeans(chosen, folds);
}

// Positions in a caption whose words call a colour.
std::vector<int64_t> ColourPlaces(const int64_t* words, int64_t length,
                                  const torch::TensorAccessor<int64_t, 1>& colour) {
  std::vector<int64_t> places;
  for (int64_t i = 0; i < length; ++i) {
    if (words[i] < colour.size(0) && colour[words[i]] >= 0) places.push_back(i);
  }
  return places;
}

// All pairs of places with different colours.
std::vector<std::pair<int64_t, int64_t>> DifferentPairs(const std::vector<int64_t>& places,
                                                        const int64_t* words,
                                                        const torch::TensorAccessor<int64_t, 1>& colour) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (size_t i = 0; i < places.size(); ++i) {
    for (size_t j = i + 1; j < places.size(); ++j) {
      if (colour[words[places[i]]] != colour[words[places[j]]]) pairs.emplace_back(places[i], places[j]);
    }
  }
  return pairs;
}

std::string ProtocolOf(int64_t pictures, int64_t asked, const ColourBindingOptions& options) {
  std::ostringstream protocol;
  protocol << "N=" << pictures << " asked=" << asked << " folds=" << options.folds;
  protocol << JudgeInProtocol(options.judge);
  return protocol.str();
}

torch::Tensor Cosine(const torch::Tensor& a, const torch::Tensor& b) {
  return torch::cosine_similarity(a.to(torch::kCPU, torch::kFloat64), b.to(torch::kCPU, torch::kFloat64), 1,
                                  1e-8);
}

}  // namespace

ColourBinding::ColourBinding(std::string name, ImageFunction part_colours, ColourBindingOptions options)
    : Evaluator(std::move(name)), part_colours_(std::move(part_colours)), options_(std::move(options)) {}

void ColourBinding::Consume(const EvalBatch& batch) {
  torch::NoGradGuard no_grad;
  const auto values = part_colours_(batch.images);
  const auto seen =
      values.argmax(2).to(torch::kInt64).masked_fill(values.isfinite().all(2).logical_not(), kNotSeen);
  rows_.Add({{"positions", batch.positions}, {"asked", batch.asked}, {"seen", seen}});
}

// What captions ask for by itself: a part whatever its colour, a colour wherever it is asked for.
std::vector<std::pair<std::string, torch::Tensor>> ColourBinding::Kinds(const torch::Tensor& asked) const {
  std::vector<std::pair<std::string, torch::Tensor>> kinds;
  const auto named = asked >= 0;
  for (size_t part = 0; part < options_.parts.size(); ++part) {
    const auto column = torch::arange(asked.size(1)) == static_cast<int64_t>(part);
    kinds.emplace_back(options_.parts[part], named & column);
  }
  for (size_t colour = 0; colour < options_.colours.size(); ++colour)
    kinds.emplace_back(options_.colours[colour], asked == static_cast<int64_t>(colour));
  return kinds;
}

std::vector<Score> ColourBinding::Finish(const NamedTensors& merged) const {
  const auto& asked = FindTensor(merged, "asked", name());
  const auto& seen = FindTensor(merged, "seen", name());
  const double finite = seen.eq(kNotSeen).any().item<bool>() ? NAN : 1;
  const auto named = asked >= 0;
  const auto on_part = seen == asked;
  const auto anywhere = (seen.unsqueeze(1) == asked.unsqueeze(2)).any(2);
  const auto all_parts = (on_part | ~named).all(1);
  std::vector<Score> scores;
  const auto add = [&](const std::string& suffix, const torch::Tensor& right, const torch::Tensor& counts) {
    const auto share = FoldMeansWhere(right.to(torch::kFloat64) * finite, counts, options_.folds, name());
    scores.push_back({name() + suffix, share.mean, share.deviation,
                      ProtocolOf(asked.size(0), counts.sum().item<int64_t>(), options_)});
  };
  add("_part_accuracy", on_part, named);
  add("_anywhere_accuracy", anywhere, named);
  add("_all_parts_accuracy", all_parts, named.any(1));
  for (const auto& [kind, counts] : Kinds(asked))
    if (counts.sum().item<int64_t>() >= options_.folds) add("_part_accuracy_" + kind, on_part, counts);
  return scores;
}

SwappedCaptions SwapColours(const torch::Tensor& captions, const torch::Tensor& lengths,
                            const torch::Tensor& colour_of_word, const torch::Tensor& positions,
                            uint64_t seed) {
  SwappedCaptions result{captions.to(torch::kCPU, torch::kInt64).contiguous().clone(),
                         torch::zeros({captions.size(0)}, torch::kBool)};
  const auto colour = colour_of_word.accessor<int64_t, 1>();
  for (int64_t row = 0; row < captions.size(0); ++row) {
    int64_t* words = result.captions.data_ptr<int64_t>() + row * captions.size(1);
    const auto places = ColourPlaces(words, lengths[row].item<int64_t>(), colour);
    const auto pairs = DifferentPairs(places, words, colour);
    if (pairs.empty()) continue;
    RandomStream random(RandomKey(seed, "colour swap", {positions[row].item<int64_t>()}));
    const auto [a, b] = pairs[random.Below(static_cast<int64_t>(pairs.size()))];
    std::swap(words[a], words[b]);
    result.swapped[row] = true;
  }
  return result;
}

ColourSwap::ColourSwap(std::string name, ImageFunction image_code, TextFunction sentence_code,
                       torch::Tensor colour_of_word, ColourSwapOptions options)
    : Evaluator(std::move(name)),
      image_code_(std::move(image_code)),
      sentence_code_(std::move(sentence_code)),
      colour_of_word_(colour_of_word.to(torch::kCPU, torch::kInt64)),
      options_(std::move(options)) {}

void ColourSwap::Consume(const EvalBatch& batch) {
  torch::NoGradGuard no_grad;
  const auto other =
      SwapColours(batch.captions, batch.lengths, colour_of_word_, batch.positions, options_.seed);
  const auto image = image_code_(batch.images);
  const auto truth = Cosine(image, sentence_code_(batch.captions, batch.lengths));
  const auto swapped =
      Cosine(image, sentence_code_(other.captions.to(batch.captions.device()), batch.lengths));
  rows_.Add({{"positions", batch.positions}, {"swapped", other.swapped}, {"gap", truth - swapped}});
}

std::vector<Score> ColourSwap::Finish(const NamedTensors& merged) const {
  const auto& swapped = FindTensor(merged, "swapped", name());
  const auto& gap = FindTensor(merged, "gap", name());
  const auto right = (gap > 0).to(torch::kFloat64) * OneIfFinite(gap);
  const auto share = FoldMeansWhere(right, swapped, options_.folds, name());
  std::ostringstream protocol;
  protocol << "N=" << swapped.sum().item<int64_t>() << " of " << swapped.size(0)
           << " folds=" << options_.folds << " seed=" << options_.seed << " chance=0.5";
  protocol << JudgeInProtocol(options_.judge);
  return {{name(), share.mean, share.deviation, protocol.str()}};
}

}  // namespace helio::eval
