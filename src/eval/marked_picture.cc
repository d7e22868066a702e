#include "src/eval/marked_picture.h"

#include "src/eval/canvas.h"

namespace helio::eval {
namespace {

constexpr Rgb kBox{230, 20, 120}, kDot{255, 235, 20}, kRim{20, 20, 20};

void DrawBox(Canvas& canvas, const torch::Tensor& box) {
  const auto values = box.to(torch::kCPU, torch::kFloat64) * static_cast<double>(canvas.width());
  const auto at = [&](int64_t i) { return std::llround(values[i].item<double>()); };
  canvas.DrawFrame(at(0), at(1), std::max<int64_t>(at(2), 1), std::max<int64_t>(at(3), 1), 1, kBox);
}

void DrawPoint(Canvas& canvas, double x, double y) {
  canvas.FillDisc(x, y, 7, kRim);
  canvas.FillDisc(x, y, 4.5, kDot);
}

}  // namespace

torch::Tensor Marked(const torch::Tensor& picture, const Marks& marks, int64_t side) {
  const int64_t pixels = picture.size(2) * std::max<int64_t>(side / picture.size(2), 1);
  Canvas canvas(pixels, pixels, {});
  canvas.DrawPicture(0, 0, pixels, pixels, picture.to(torch::kCPU, torch::kFloat32));
  if (marks.box.defined()) DrawBox(canvas, marks.box);
  if (marks.key_points.defined()) {
    const auto points = marks.key_points.to(torch::kCPU, torch::kFloat64).contiguous();
    const auto* point = points.data_ptr<double>();
    const auto scale = static_cast<double>(pixels);
    for (int64_t i = 0; i < points.size(0); ++i, point += 3)
      if (point[2] > 0.5) DrawPoint(canvas, point[0] * scale, point[1] * scale);
  }
  return canvas.Pixels().permute({2, 0, 1}).to(torch::kFloat32) / 127.5 - 1;
}

}  // namespace helio::eval
