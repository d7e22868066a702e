#include "src/eval/canvas.h"

#include <cairo.h>

#include <algorithm>
#include <numbers>

#include "src/base/error.h"
#include "src/base/tensor.h"

namespace helio::eval {
namespace {

// {h, w, 3} uint8 on the CPU.
torch::Tensor Resized(const torch::Tensor& picture, int64_t width, int64_t height) {
  auto values = picture.detach().to(torch::kCPU, torch::kFloat32).unsqueeze(0);
  if (values.size(2) != height || values.size(3) != width)
    values = at::_upsample_bicubic2d_aa(values, {height, width}, /*align_corners=*/false);
  return ((values[0].clamp(-1, 1) + 1) * 127.5).round().to(torch::kUInt8).permute({1, 2, 0}).contiguous();
}

uint32_t Packed(const uint8_t* rgb) {
  return uint32_t{rgb[0]} << 16 | uint32_t{rgb[1]} << 8 | uint32_t{rgb[2]};
}

}  // namespace

Canvas::Canvas(int64_t width, int64_t height, Rgb background)
    : width_(width),
      height_(height),
      surface_(
          cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width), static_cast<int>(height)),
          &cairo_surface_destroy),
      pen_(cairo_create(surface_.get()), &cairo_destroy) {
  if (const auto status = cairo_surface_status(surface_.get()); status != CAIRO_STATUS_SUCCESS)
    throw Error(ErrorKind::kSystem, std::string("cannot draw: ") + cairo_status_to_string(status),
                "a picture of " + std::to_string(width) + " x " + std::to_string(height) + " pixels",
                "draw fewer or smaller pictures at once");
  FillRectangle(0, 0, width, height, background);
}

uint32_t* Canvas::Row(int64_t y) const {
  return reinterpret_cast<uint32_t*>(cairo_image_surface_get_data(surface_.get()) +
                                     y * cairo_image_surface_get_stride(surface_.get()));
}

Rgb Canvas::at(int64_t x, int64_t y) const {
  CHECK(x >= 0 && y >= 0 && x < width_ && y < height_);
  cairo_surface_flush(surface_.get());
  const auto pixel = Row(y)[x];
  return {static_cast<uint8_t>(pixel >> 16), static_cast<uint8_t>(pixel >> 8), static_cast<uint8_t>(pixel)};
}

cairo_t* Canvas::Pen(Rgb colour) {
  cairo_set_source_rgb(pen_.get(), colour.r / 255.0, colour.g / 255.0, colour.b / 255.0);
  return pen_.get();
}

void Canvas::FillRectangle(int64_t x, int64_t y, int64_t width, int64_t height, Rgb colour) {
  auto* pen = Pen(colour);
  cairo_rectangle(pen, static_cast<double>(x), static_cast<double>(y), static_cast<double>(width),
                  static_cast<double>(height));
  cairo_fill(pen);
}

void Canvas::FillDisc(double x, double y, double diameter, Rgb colour) {
  auto* pen = Pen(colour);
  cairo_arc(pen, x, y, diameter / 2, 0, 2 * std::numbers::pi);
  cairo_fill(pen);
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
  const auto* values = pixels.const_data_ptr<uint8_t>();
  cairo_surface_flush(surface_.get());
  const auto left = std::max<int64_t>(-x, 0), right = std::min(width, width_ - x);
  for (auto row = std::max<int64_t>(-y, 0); row < std::min(height, height_ - y); ++row)
    for (auto column = left; column < right; ++column)
      Row(y + row)[x + column] = Packed(values + (row * width + column) * 3);
  cairo_surface_mark_dirty(surface_.get());
}

torch::Tensor Canvas::Pixels() const {
  cairo_surface_flush(surface_.get());
  auto pixels = torch::empty({height_, width_, 3}, torch::kUInt8);
  auto* to = pixels.mutable_data_ptr<uint8_t>();
  for (int64_t y = 0; y < height_; ++y)
    for (int64_t x = 0; x < width_; ++x, to += 3) {
      const auto pixel = Row(y)[x];
      to[0] = static_cast<uint8_t>(pixel >> 16), to[1] = static_cast<uint8_t>(pixel >> 8);
      to[2] = static_cast<uint8_t>(pixel);
    }
  return pixels;
}

}  // namespace helio::eval
