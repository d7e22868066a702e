#include "src/eval/place_score.h"

#include "src/base/error.h"

namespace helio::eval {
namespace {

constexpr int64_t kFolds = 10;
constexpr double kDifference = 0.35;  // of values in [-1, 1]
constexpr double kTail = 0.03;        // of what is seen, on each side

// First cell and end {B} of all but the tails of a profile {B, n}, in units of n.
std::pair<torch::Tensor, torch::Tensor> Extent(const torch::Tensor& profile) {
  const auto sums = profile.cumsum(1), all = sums.narrow(1, profile.size(1) - 1, 1);
  const auto cells = static_cast<double>(profile.size(1));
  const auto begin = sums.lt(all * kTail).sum(1).to(torch::kFloat64);
  const auto end = sums.lt(all * (1 - kTail)).sum(1).to(torch::kFloat64) + 1;
  return {begin / cells, end / cells};
}

torch::Tensor Area(const torch::Tensor& boxes) { return boxes.select(1, 2) * boxes.select(1, 3); }

torch::Tensor Centre(const torch::Tensor& boxes) { return boxes.narrow(1, 0, 2) + boxes.narrow(1, 2, 2) / 2; }

}  // namespace

torch::Tensor ForegroundBoxes(const torch::Tensor& pictures) {
  const auto images = pictures.detach().to(torch::kCPU, torch::kFloat32);
  const auto middle = std::get<0>(images.median(3, /*keepdim=*/true));
  const auto seen = (images - middle).abs().amax(1).gt(kDifference).to(torch::kFloat64);
  const auto [left, right] = Extent(seen.sum(1));
  const auto [top, bottom] = Extent(seen.sum(2));
  const auto boxes = torch::stack({left, top, right - left, bottom - top}, 1);
  return boxes * seen.flatten(1).sum(1, /*keepdim=*/true).gt(0);
}

torch::Tensor IntersectionOverUnion(const torch::Tensor& a, const torch::Tensor& b) {
  const auto begin = torch::maximum(a.narrow(1, 0, 2), b.narrow(1, 0, 2));
  const auto end =
      torch::minimum(a.narrow(1, 0, 2) + a.narrow(1, 2, 2), b.narrow(1, 0, 2) + b.narrow(1, 2, 2));
  const auto common = (end - begin).clamp_min(0).prod(1);
  return common / (Area(a) + Area(b) - common).clamp_min(1e-12);
}

torch::Tensor BoxesOfPoints(const torch::Tensor& points) {
  const auto places = points.narrow(2, 0, 2);
  const auto hidden = points.narrow(2, 2, 1).lt(0.5);
  const auto begin = places.masked_fill(hidden, INFINITY).amin(1);
  const auto end = places.masked_fill(hidden, -INFINITY).amax(1);
  return torch::cat({begin, end - begin}, 1).nan_to_num(0, 0, 0);
}

void PlaceScore::Consume(const EvalBatch& batch) {
  rows_.Add({{"positions", batch.positions},
             {"asked", batch.boxes.to(torch::kCPU, torch::kFloat64)},
             {"seen", ForegroundBoxes(batch.images)}});
}

std::vector<Score> PlaceScore::Finish(const NamedTensors& merged) const {
  const auto& asked = FindTensor(merged, "asked", name());
  const auto& seen = FindTensor(merged, "seen", name());
  const auto some = Area(seen).gt(0);
  const auto ratio = (Area(seen) / Area(asked).clamp_min(1e-12)).masked_select(some).log().abs();
  std::vector<Score> scores;
  const auto add = [&](const char* what, const torch::Tensor& values) {
    if (values.size(0) < kFolds) return;
    const auto mean = FoldMeans(values, kFolds);
    scores.push_back({name() + what, mean.mean, mean.deviation,
                      "samples=" + std::to_string(values.size(0)) + " foreground of drawn birds"});
  };
  add("_overlap", IntersectionOverUnion(asked, seen));
  add("_overlap_other", IntersectionOverUnion(asked.roll(1, 0), seen));
  add("_centre_error", (Centre(asked) - Centre(seen)).square().sum(1).sqrt());
  add("_size_error", ratio);
  return scores;
}

}  // namespace helio::eval
