#include "src/nn/window_rows.h"

#include <algorithm>
#include <cstring>

namespace helio::nn {
namespace {

// Where the taps of a line of the window fall on a line of the picture: tap `before` is its first inside, and
// sees position `from`.
struct Inside {
  int64_t before, from, count;
};

Inside TapsInside(int64_t x, int64_t taps, int64_t width) {
  const auto before = std::clamp<int64_t>(-x, 0, taps),
             after = std::clamp<int64_t>(x + taps - width, 0, taps - before);
  return {before, x + before, taps - before - after};
}

// A line of taps, each of `bytes`; those outside of `line` are zero.
void CopyTaps(const char* line, const Inside& inside, int64_t taps, size_t bytes, char* to) {
  const auto size = [&](int64_t count) { return static_cast<size_t>(count) * bytes; };
  const auto after = inside.before + inside.count;
  std::memset(to, 0, size(inside.before));
  std::memcpy(to + size(inside.before), line + size(inside.from), size(inside.count));
  std::memset(to + size(after), 0, size(taps - after));
}

void Add(const float* values, int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i) to[i] += values[i];
}

}  // namespace

WindowRows::WindowRows(at::IntArrayRef input_sizes, at::IntArrayRef output_sizes, const Window& window)
    : window_(window),
      pictures_(input_sizes[0]),
      channels_(input_sizes[1]),
      height_(input_sizes[2]),
      width_(input_sizes[3]),
      out_height_(output_sizes[2]),
      out_width_(output_sizes[3]) {}

// Counted through all pictures; -1 outside of them.
int64_t WindowRows::InputLine(int64_t line, int64_t row) const {
  const auto y = line % out_height_ * window_.stride[0] + row - window_.padding[0];
  return 0 <= y && y < height_ ? line / out_height_ * height_ + y : -1;
}

torch::Tensor WindowRows::Gather(const torch::Tensor& input, int64_t row, int64_t height, int64_t first,
                                 int64_t count, const torch::Tensor& rows) const {
  const auto bytes = static_cast<size_t>(channels_ * input.element_size());
  const auto bytes_of = [&](int64_t positions) { return static_cast<size_t>(positions) * bytes; };
  const auto taps = window_.kernel[1];
  const auto* from = static_cast<const char*>(input.const_data_ptr());
  auto* to = static_cast<char*>(rows.mutable_data_ptr());
  const auto fill = [&](int64_t line, int64_t i) {
    const auto input_line = InputLine(first + line, row + i);
    auto* place = to + bytes_of((line * out_width_ * height + i) * taps);
    for (int64_t position = 0; position < out_width_; ++position, place += bytes_of(height * taps)) {
      const auto inside = TapsInside(position * window_.stride[1] - window_.padding[1], taps, width_);
      if (input_line < 0)
        std::memset(place, 0, bytes_of(taps));
      else
        CopyTaps(from + bytes_of(input_line * width_), inside, taps, bytes, place);
    }
  };
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line)
      for (int64_t i = 0; i < height; ++i) fill(line, i);
  });
  return rows.narrow(0, 0, count * out_width_);
}

void WindowRows::AddPicture(const float* rows, int64_t picture, float* map) const {
  const auto taps = window_.kernel[1];
  for (int64_t line = picture * out_height_; line < (picture + 1) * out_height_; ++line)
    for (int64_t position = 0; position < out_width_; ++position) {
      const auto inside = TapsInside(position * window_.stride[1] - window_.padding[1], taps, width_);
      const auto* seen = rows + (line * out_width_ + position) * width();
      for (int64_t row = 0; row < window_.kernel[0]; ++row)
        if (const auto input_line = InputLine(line, row); input_line >= 0)
          Add(seen + (row * taps + inside.before) * channels_, inside.count * channels_,
              map + (input_line * width_ + inside.from) * channels_);
    }
}

torch::Tensor WindowRows::Scatter(const torch::Tensor& rows) const {
  const auto map = torch::zeros({pictures_, height_, width_, channels_}, rows.options());
  const auto* from = rows.const_data_ptr<float>();
  auto* to = map.mutable_data_ptr<float>();
  at::parallel_for(0, pictures_, 1, [&](int64_t begin, int64_t end) {
    for (int64_t picture = begin; picture < end; ++picture) AddPicture(from, picture, to);
  });
  return map.permute({0, 3, 1, 2});
}

}  // namespace helio::nn
