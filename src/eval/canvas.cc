#include "src/eval/canvas.h"

#include "src/base/tensor.h"

namespace helio::eval {
namespace {

double DistanceTo(const Segment& s, double x, double y) {
  const double dx = s.x1 - s.x0, dy = s.y1 - s.y0;
  const double length = dx * dx + dy * dy;
  const double along = length > 0 ? std::clamp(((x - s.x0) * dx + (y - s.y0) * dy) / length, 0.0, 1.0) : 0.0;
  return std::hypot(x - s.x0 - along * dx, y - s.y0 - along * dy);
}

struct Box {
  int64_t x0, y0, x1, y1;
};

Box Around(const std::vector<Segment>& strokes, double margin) {
  double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
  for (const auto& s : strokes) {
    x0 = std::min({x0, s.x0, s.x1}), x1 = std::max({x1, s.x0, s.x1});
    y0 = std::min({y0, s.y0, s.y1}), y1 = std::max({y1, s.y0, s.y1});
  }
  return {std::lround(std::floor(x0 - margin)), std::lround(std::floor(y0 - margin)),
          std::lround(std::ceil(x1 + margin)), std::lround(std::ceil(y1 + margin))};
}

uint8_t Mix(uint8_t below, uint8_t above, float cover) {
  return static_cast<uint8_t>(std::lround(below + (above - below) * cover));
}

// {h, w, 3} uint8 on the CPU.
torch::Tensor Resized(const torch::Tensor& picture, int64_t width, int64_t height) {
  auto values = picture.detach().to(torch::kCPU, torch::kFloat32).unsqueeze(0);
  if (values.size(2) != height || values.size(3) != width)
    values = at::_upsample_bicubic2d_aa(values, {height, width}, /*align_corners=*/false);
  return ((values[0].clamp(-1, 1) + 1) * 127.5).round().to(torch::kUInt8).permute({1, 2, 0}).contiguous();
}

}  // namespace

Canvas::Canvas(int64_t width, int64_t height, Rgb background)
    : width_(width), height_(height), pixels_(static_cast<size_t>(width * height * 3)) {
  FillRectangle(0, 0, width, height, background);
}

Rgb Canvas::at(int64_t x, int64_t y) const {
  CHECK(x >= 0 && y >= 0 && x < width_ && y < height_);
  const uint8_t* pixel = &pixels_[static_cast<size_t>((y * width_ + x) * 3)];
  return {pixel[0], pixel[1], pixel[2]};
}

void Canvas::Blend(int64_t x, int64_t y, Rgb colour, float cover) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  uint8_t* pixel = &pixels_[static_cast<size_t>((y * width_ + x) * 3)];
  pixel[0] = Mix(pixel[0], colour.r, cover);
  pixel[1] = Mix(pixel[1], colour.g, cover);
  pixel[2] = Mix(pixel[2], colour.b, cover);
}

void Canvas::FillRectangle(int64_t x, int64_t y, int64_t width, int64_t height, Rgb colour, float cover) {
  for (int64_t row = y; row < y + height; ++row) {
    for (int64_t column = x; column < x + width; ++column) Blend(column, row, colour, cover);
  }
}

void Canvas::DrawStrokes(const std::vector<Segment>& strokes, double thickness, Rgb colour) {
  if (strokes.empty()) return;
  const double reach = thickness / 2 + 0.5;
  const Box box = Around(strokes, reach);
  for (int64_t y = box.y0; y <= box.y1; ++y) {
    for (int64_t x = box.x0; x <= box.x1; ++x) {
      double distance = reach;
      for (const auto& stroke : strokes) distance = std::min(distance, DistanceTo(stroke, x + 0.5, y + 0.5));
      if (distance < reach) Blend(x, y, colour, static_cast<float>(std::min(reach - distance, 1.0)));
    }
  }
}

void Canvas::DrawFrame(int64_t x, int64_t y, int64_t width, int64_t height, int64_t thickness, Rgb colour) {
  FillRectangle(x - thickness, y - thickness, width + 2 * thickness, thickness, colour);
  FillRectangle(x - thickness, y + height, width + 2 * thickness, thickness, colour);
  FillRectangle(x - thickness, y, thickness, height, colour);
  FillRectangle(x + width, y, thickness, height, colour);
}

void Canvas::DrawPicture(int64_t x, int64_t y, int64_t width, int64_t height, const torch::Tensor& picture) {
  CHECK(picture.dim() == 3 && picture.size(0) == 3) << "a picture is {3, h, w}";
  const auto pixels = Resized(picture, width, height);
  const auto value = pixels.accessor<uint8_t, 3>();
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      Blend(x + column, y + row, {value[row][column][0], value[row][column][1], value[row][column][2]}, 1);
    }
  }
}

torch::Tensor Canvas::Pixels() const {
  return torch::from_blob(const_cast<uint8_t*>(pixels_.data()), {height_, width_, 3}, torch::kUInt8).clone();
}

}  // namespace helio::eval
