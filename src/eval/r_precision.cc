#include "src/eval/r_precision.h"

#include <unordered_set>

#include "src/base/error.h"
#include "src/base/finite.h"
#include "src/base/random.h"

namespace helio::eval {
namespace {

constexpr int64_t kChunk = 256;  // rows at a time: bounds the gathered candidates at 256 x 100 x d doubles

// {n, candidates} cosines of image_codes {n, d} with their own candidates.
torch::Tensor Similarities(const torch::Tensor& image_codes, const torch::Tensor& sentence_codes,
                           const torch::Tensor& candidates) {
  const auto sentences = sentence_codes.index_select(0, candidates.flatten())
                             .view({candidates.size(0), candidates.size(1), sentence_codes.size(1)});
  const auto dot = torch::einsum("nd,ncd->nc", {image_codes, sentences});
  const auto norms = image_codes.norm(2, {1}, true) * sentences.norm(2, {2});
  return dot / norms.clamp_min(1e-8);
}

// `wrong` different rows of another class than row's.
void DrawWrong(int64_t row, const int64_t* classes, int64_t count, int64_t wrong, RandomStream random,
               int64_t* out) {
  std::unordered_set<int64_t> taken;
  while (static_cast<int64_t>(taken.size()) < wrong) {
    const int64_t other = random.Below(count);
    if (classes[other] == classes[row] || !taken.insert(other).second) continue;
    *out++ = other;
  }
}

}  // namespace

void CheckEnoughOthers(const torch::Tensor& classes, int64_t wrong, const std::string& where) {
  const auto sizes = std::get<2>(at::unique_dim(classes.view({-1, 1}), 0, true, false, true));
  const int64_t others = classes.size(0) - sizes.max().item<int64_t>();
  if (others >= wrong) return;
  ThrowUser("R-precision needs " + std::to_string(wrong) +
                " captions of other classes, but a class leaves only " + std::to_string(others),
            where, "evaluate more images, or pack more classes");
}

RPrecisionResult RPrecisionOf(const torch::Tensor& image_codes, const torch::Tensor& sentence_codes,
                              const torch::Tensor& candidates, int64_t folds, int64_t top) {
  const auto images = image_codes.to(torch::kFloat64), sentences = sentence_codes.to(torch::kFloat64);
  std::vector<torch::Tensor> ranks, truths;
  for (int64_t i = 0; i < images.size(0); i += kChunk) {
    const auto similarity =
        Similarities(images.slice(0, i, i + kChunk), sentences, candidates.slice(0, i, i + kChunk));
    const auto truth = similarity.slice(1, 0, 1);
    ranks.push_back((similarity.slice(1, 1) < truth).logical_not().sum(1));
    truths.push_back(truth.squeeze(1));
  }
  RPrecisionResult result{torch::cat(ranks), torch::cat(truths), {}};
  const auto finite = OneIfFinite(images) * OneIfFinite(sentences);
  for (int64_t k = 1; k <= top; ++k)
    result.tops.push_back(FoldMeans((result.ranks < k).to(torch::kFloat64) * finite, folds));
  return result;
}

torch::Tensor DrawCandidates(const torch::Tensor& positions, const torch::Tensor& classes, int64_t wrong,
                             uint64_t seed) {
  CheckEnoughOthers(classes, wrong);
  const auto own_classes = classes.to(torch::kInt64).contiguous();
  const int64_t count = classes.size(0);
  auto candidates = torch::empty({count, 1 + wrong}, torch::kInt64);
  for (int64_t row = 0; row < count; ++row) {
    int64_t* out = candidates.data_ptr<int64_t>() + row * (1 + wrong);
    out[0] = row;
    const uint64_t key = RandomKey(seed, "r_precision", {positions[row].item<int64_t>()});
    DrawWrong(row, own_classes.data_ptr<int64_t>(), count, wrong, RandomStream(key), out + 1);
  }
  return candidates;
}

RPrecision::RPrecision(std::string name, ImageFunction image_code, TextFunction sentence_code,
                       RPrecisionOptions options)
    : Evaluator(std::move(name)),
      image_code_(std::move(image_code)),
      sentence_code_(std::move(sentence_code)),
      options_(std::move(options)) {}

void RPrecision::Consume(const EvalBatch& batch) {
  torch::NoGradGuard no_grad;
  rows_.Add({{"positions", batch.positions},
             {"classes", batch.classes},
             {"image_codes", image_code_(batch.images).to(torch::kFloat32)},
             {"sentence_codes", sentence_code_(batch.captions, batch.lengths).to(torch::kFloat32)}});
}

std::vector<Score> RPrecision::Finish(const NamedTensors& merged) const {
  const auto& images = FindTensor(merged, "image_codes", name());
  const auto candidates =
      DrawCandidates(FindTensor(merged, "positions", name()), FindTensor(merged, "classes", name()),
                     options_.wrong, options_.seed);
  const auto result = RPrecisionOf(images, FindTensor(merged, "sentence_codes", name()), candidates,
                                   options_.folds, options_.top);
  std::ostringstream protocol;
  protocol << "N=" << images.size(0) << " candidates=1+" << options_.wrong << " of other "
           << (options_.classed ? "classes" : "pictures") << ", folds=" << options_.folds
           << " seed=" << options_.seed;
  protocol << JudgeInProtocol(options_.judge);
  std::vector<Score> scores;
  for (size_t k = 0; k < result.tops.size(); ++k) {
    scores.push_back({name() + "_top" + std::to_string(k + 1), result.tops[k].mean, result.tops[k].deviation,
                      protocol.str()});
  }
  return scores;
}

}  // namespace helio::eval
