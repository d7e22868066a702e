#include "src/nn/weight_gradient.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace helio::nn {
namespace {

constexpr int64_t kBytesAtOnce = 2 << 20;  // of rows: larger products pay more than a smaller cache's

// By shape: as measured with AVX-512 (docs/benchmarks/step.md).
constexpr int64_t kManyWeights = 4 << 20, kFewPositions = 4096;

constexpr int64_t kMostBytesOfParts = 16 << 20;  // of partial gradients, one a thread

struct Lines {
  int64_t begin, end, at_once;
};

struct Shape {
  int64_t height, width, channels, out_height, out_width;
  size_t bytes;  // of a position's channels
};

// What one line of the window sees from each of the output's positions in the lines [first, first + count),
// zero outside of the picture: {count * out_width, window's width * C}.
class SeenRows {
 public:
  SeenRows(const torch::Tensor& input, const Shape& shape, const Window& window, int64_t lines)
      : input_(static_cast<const char*>(input.const_data_ptr())),
        shape_(shape),
        window_(window),
        rows_(torch::empty({lines * shape.out_width, window.kernel[1] * shape.channels}, input.options())) {}

  torch::Tensor operator()(int64_t row, int64_t first, int64_t count) {
    auto* rows = static_cast<char*>(rows_.mutable_data_ptr());
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t line = begin; line < end; ++line)
        FillLine(row, first + line, rows + Bytes(line * shape_.out_width * window_.kernel[1]));
    });
    return rows_.narrow(0, 0, count * shape_.out_width);
  }

  int64_t out_width() const { return shape_.out_width; }

 private:
  size_t Bytes(int64_t positions) const { return static_cast<size_t>(positions) * shape_.bytes; }

  void FillLine(int64_t row, int64_t line, char* to) const {
    const auto picture = line / shape_.out_height;
    const auto y = line % shape_.out_height * window_.stride[0] + row - window_.padding[0];
    const auto taps = window_.kernel[1];
    if (y < 0 || y >= shape_.height) return (void)std::memset(to, 0, Bytes(shape_.out_width * taps));
    const auto* from = input_ + Bytes((picture * shape_.height + y) * shape_.width);
    for (int64_t position = 0; position < shape_.out_width; ++position, to += Bytes(taps))
      FillPosition(from, position * window_.stride[1] - window_.padding[1], taps, to);
  }

  // From x on; x may lie outside.
  void FillPosition(const char* line, int64_t x, int64_t taps, char* to) const {
    const auto before = std::clamp<int64_t>(-x, 0, taps),
               after = std::clamp<int64_t>(x + taps - shape_.width, 0, taps - before);
    std::memset(to, 0, Bytes(before));
    std::memcpy(to + Bytes(before), line + Bytes(x + before), Bytes(taps - before - after));
    std::memset(to + Bytes(taps - after), 0, Bytes(after));
  }

  const char* input_;
  Shape shape_;
  Window window_;
  torch::Tensor rows_;
};

Shape ShapeOf(const torch::Tensor& input, const torch::Tensor& output) {
  return {input.size(2),  input.size(3),  input.size(1),
          output.size(2), output.size(3), static_cast<size_t>(input.size(1) * input.element_size())};
}

// How the output's lines are divided: one part a thread while a part's gradient stays small, and so many
// lines at once.
struct Division {
  int64_t parts, at_once;
};

Division Divided(int64_t lines, int64_t bytes_of_line, int64_t bytes_of_gradient) {
  const auto at_once = std::clamp<int64_t>(kBytesAtOnce / std::max<int64_t>(bytes_of_line, 1), 1, lines);
  const auto most = std::min(lines / at_once, kMostBytesOfParts / bytes_of_gradient);
  return {std::clamp<int64_t>(most, 1, at::get_num_threads()), at_once};
}

// The products over the output's lines [begin, end) into `gradient` {O, window's height, window's width * C}.
void Multiply(const torch::Tensor& positions, SeenRows& seen_rows, Lines lines,
              const torch::Tensor& gradient) {
  const auto width = seen_rows.out_width();
  for (auto first = lines.begin; first < lines.end; first += lines.at_once) {
    const auto count = std::min(lines.at_once, lines.end - first);
    const auto transposed = positions.narrow(0, first * width, count * width).t();
    for (int64_t row = 0; row < gradient.size(1); ++row)
      gradient.select(1, row).addmm_(transposed, seen_rows(row, first, count), first > lines.begin);
  }
}

WeightGradient ForThisProcessor() {
  const char* most = std::getenv("ONEDNN_MAX_CPU_ISA");
  const bool wide =
      __builtin_cpu_supports("avx512f") && !(most && std::string_view(most).starts_with("AVX2"));
  return wide ? WeightGradient::kByShape : WeightGradient::kTaps;
}

std::atomic<WeightGradient>& Chosen() {
  static std::atomic<WeightGradient> chosen = ForThisProcessor();
  return chosen;
}

}  // namespace

WeightGradient ChosenWeightGradient() { return Chosen(); }
void ChooseWeightGradient(WeightGradient kind) { Chosen() = kind; }

bool IsByTaps(int64_t weights, int64_t positions) {
  const auto chosen = ChosenWeightGradient();
  if (chosen != WeightGradient::kByShape) return chosen == WeightGradient::kTaps;
  return weights >= kManyWeights && positions <= kFewPositions;
}

torch::Tensor WeightGradientByTaps(const torch::Tensor& output_gradient, const torch::Tensor& input,
                                   const Window& window) {
  const torch::NoGradGuard no_grad;
  const auto seen = input.contiguous(torch::MemoryFormat::ChannelsLast);
  const auto outputs = output_gradient.contiguous(torch::MemoryFormat::ChannelsLast);
  const auto shape = ShapeOf(seen, outputs);
  const auto channels = outputs.size(1), lines = outputs.size(0) * shape.out_height;
  const auto positions = outputs.permute({0, 2, 3, 1}).reshape({-1, channels});
  const auto seen_by_line = window.kernel[1] * shape.channels;
  if (lines == 0) return input.new_zeros({channels, shape.channels, window.kernel[0], window.kernel[1]});
  const auto [parts, at_once] = Divided(lines, shape.out_width * seen_by_line * seen.element_size(),
                                        channels * window.kernel[0] * seen_by_line * seen.element_size());
  const auto gradients = torch::empty({parts, channels, window.kernel[0], seen_by_line}, input.options());
  const auto multiply = [&, parts = parts, at_once = at_once](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad_here;
    SeenRows seen_rows(seen, shape, window, at_once);
    for (auto part = begin; part < end; ++part)
      Multiply(positions, seen_rows, {lines * part / parts, lines * (part + 1) / parts, at_once},
               gradients[part]);
  };
  if (parts == 1) multiply(0, 1);  // with all threads in each product
  if (parts > 1) at::parallel_for(0, parts, 1, multiply);
  return (parts == 1 ? gradients[0] : gradients.sum(0))
      .view({channels, window.kernel[0], window.kernel[1], shape.channels})
      .permute({0, 3, 1, 2});
}

}  // namespace helio::nn
