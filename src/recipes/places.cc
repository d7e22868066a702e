#include "src/recipes/places.h"

namespace helio::recipes {
namespace {

// Pixels {B, ...} of pictures of `sizes` {B} as those of the squeezed ones: rounded down, at least 1.
torch::Tensor Squeezed(const torch::Tensor& pixels, const torch::Tensor& sizes, int64_t load) {
  const auto scale = (static_cast<double>(load) / sizes.to(torch::kFloat64));
  return (scale * pixels).floor();
}

// One axis of boxes: where they begin and how long they are, {B} each.
struct Span {
  torch::Tensor begin, length;
};

Span AxisShown(const torch::Tensor& begin, const torch::Tensor& length, const torch::Tensor& size,
               const torch::Tensor& offset, const Showing& showing) {
  const auto beyond = (begin + length - size).clamp_min(0);
  Span span{Squeezed(begin.clamp_min(1), size, showing.load).clamp_min(1),
            Squeezed(length - beyond, size, showing.load)};
  span.begin = (span.begin - offset).clamp_min(1);
  span.length = span.length - (span.begin + span.length - showing.fine).clamp_min(0);
  return span;
}

Showing AsShown(const torch::Tensor& like, int64_t side) {
  const auto rows = like.size(0);
  const auto options = like.options().dtype(torch::kFloat64);
  return {torch::full({rows, 2}, static_cast<double>(side), options), torch::zeros({rows, 2}, options),
          torch::zeros({rows}, options.dtype(torch::kBool)), side, side};
}

}  // namespace

torch::Tensor BoxesShown(const torch::Tensor& boxes, const Showing& showing) {
  const auto all = boxes.to(torch::kFloat64), sizes = showing.sizes.to(torch::kFloat64);
  const auto axis = [&](int64_t i) {
    return AxisShown(all.select(1, i), all.select(1, 2 + i), sizes.select(1, i), showing.offsets.select(1, i),
                     showing);
  };
  const auto x = axis(0), y = axis(1);
  const auto fine = static_cast<double>(showing.fine);
  const auto left = torch::where(showing.mirrored, (fine - (x.begin + x.length)).clamp_min(1), x.begin);
  return torch::stack({left, y.begin, x.length, y.length}, 1);
}

torch::Tensor ThetaOf(const torch::Tensor& boxes, int64_t fine) {
  const auto side = static_cast<double>(fine);
  const auto all = boxes.to(torch::kFloat64);
  const auto row = [&](int64_t axis) {  // scale and shift of x (0) or y (1)
    const auto begin = all.select(1, axis), length = all.select(1, 2 + axis);
    return std::pair(length / side, ((begin + length / 2) / side - 0.5) * 2);
  };
  const auto [width, x] = row(0);
  const auto [height, y] = row(1);
  const auto none = torch::zeros_like(width);
  return torch::stack({height, none, y, none, width, x}, 1).view({-1, 2, 3});
}

torch::Tensor PointsShown(const torch::Tensor& points, const Showing& showing) {
  const auto all = points.to(torch::kFloat64);
  const auto fine = static_cast<double>(showing.fine);
  const auto axis = [&](int64_t i) {
    const auto squeezed = Squeezed(all.select(2, i), showing.sizes.select(1, i).unsqueeze(1), showing.load);
    return (squeezed.clamp_min(1) - showing.offsets.select(1, i).unsqueeze(1)).clamp_min(1);
  };
  auto x = axis(0);
  x = torch::where(showing.mirrored.unsqueeze(1), (fine - x + 1).clamp_min(1), x);
  return torch::stack({x / fine, axis(1) / fine, all.select(2, 2)}, 2);
}

torch::Tensor PointMaps(const torch::Tensor& points, int64_t cells) {
  const auto places = points.narrow(2, 0, 2).to(torch::kFloat64) * static_cast<double>(cells);
  const auto cell = (places + 0.5).floor().clamp(1, static_cast<double>(cells)) - 1;
  const auto numbers = torch::arange(cells, cell.options());
  const auto hit = cell.unsqueeze(-1).eq(numbers);  // {B, P, 2, cells}
  const auto visible = points.select(2, 2).gt(0.1).unsqueeze(-1).unsqueeze(-1);
  const auto there = hit.select(2, 1).unsqueeze(-1).logical_and(hit.select(2, 0).unsqueeze(-2));
  return there.logical_and(visible).to(points.scalar_type());
}

torch::Tensor ThetaOfDomain(const torch::Tensor& boxes, int64_t side, int64_t cells) {
  const auto pixels = static_cast<double>(side);
  const auto none = boxes.select(1, 2).le(0).unsqueeze(1);
  const auto whole =
      torch::cat({torch::zeros_like(boxes.narrow(1, 0, 2)), torch::ones_like(boxes.narrow(1, 0, 2))}, 1);
  const auto asked = torch::where(none, whole, boxes).to(torch::kFloat64) * pixels;
  const auto shown = BoxesShown(asked, AsShown(boxes, side));
  const auto sizes = shown.narrow(1, 2, 2).clamp_min(pixels / static_cast<double>(cells));
  return ThetaOf(torch::cat({shown.narrow(1, 0, 2), sizes}, 1), side).to(boxes.scalar_type());
}

torch::Tensor PointsOfDomain(const torch::Tensor& points, int64_t side) {
  const auto scale = torch::ones_like(points.narrow(2, 0, 1)) * static_cast<double>(side);
  const auto pixels = points * torch::cat({scale, scale, torch::ones_like(scale)}, 2);
  return PointsShown(pixels, AsShown(points, side)).to(points.scalar_type());
}

torch::Tensor VisiblePoints(const torch::Tensor& points) {
  return points * points.narrow(2, 2, 1).ge(0.01).to(points.scalar_type());
}

}  // namespace helio::recipes
