#pragma once
#include "src/base/tensor.h"

namespace helio::nn {

// How a convolution looks at its input; each {height, width}.
struct Window {
  at::IntArrayRef kernel, stride, padding;
};

// What a convolution's window sees of `input` {N, C, H, W} from each position of the output {N, O, H', W'}:
// rows of channels, tap by tap as in a channels-last weight, zero outside of the picture. Maps are
// channels-last in memory, on the CPU. The output's lines are counted through all N pictures.
class WindowRows {
 public:
  WindowRows(at::IntArrayRef input_sizes, at::IntArrayRef output_sizes, const Window& window);

  int64_t lines() const { return pictures_ * out_height_; }
  int64_t out_width() const { return out_width_; }
  int64_t width() const { return taps() * channels_; }  // of a row that sees the whole window
  int64_t width_of_line() const { return window_.kernel[1] * channels_; }

  // From the output's lines [first, first + count) through `height` lines of the window, from `row` on, into
  // the first of `rows`, {count * out_width, height * width_of_line} of them. Returns those.
  torch::Tensor Gather(const torch::Tensor& input, int64_t row, int64_t height, int64_t first, int64_t count,
                       const torch::Tensor& rows) const;

  // The gradient of the input, channels-last, from the rows' {lines * out_width, width} float32: each row is
  // added where it was seen, in one order.
  torch::Tensor Scatter(const torch::Tensor& rows) const;

 private:
  int64_t taps() const { return window_.kernel[0] * window_.kernel[1]; }
  int64_t InputLine(int64_t line, int64_t row) const;
  void AddPicture(const float* rows, int64_t picture, float* map) const;

  Window window_;
  int64_t pictures_, channels_, height_, width_, out_height_, out_width_;
};

}  // namespace helio::nn
