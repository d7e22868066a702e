#include "src/nn/weight_gradient.h"

#include <algorithm>
#include <atomic>

#include "src/nn/product.h"

namespace helio::nn {
namespace {

constexpr int64_t kBytesAtOnce = 2 << 20;  // of rows: larger products pay more than a smaller cache's

// Of rows of whole windows, which are multiplied by all threads.
constexpr int64_t kBytesOfWindows = 32 << 20;

// By shape: as measured with AVX-512 (docs/benchmarks/step.md).
constexpr int64_t kManyWeights = 4 << 20, kFewPositions = 4096;

constexpr int64_t kMostBytesOfParts = 16 << 20;  // of partial gradients, one a thread

struct Lines {
  int64_t begin, end, at_once;
};

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

// What both ways of multiplying read: positions {P, O} of the output's gradient, and the input.
struct Operands {
  torch::Tensor positions, input;
  const WindowRows& rows;

  torch::Tensor Transposed(int64_t first, int64_t count) const {
    return positions.narrow(0, first * rows.out_width(), count * rows.out_width()).t();
  }
  torch::Tensor Seen(int64_t lines, int64_t width) const {
    return torch::empty({lines * rows.out_width(), width}, input.options());
  }
};

// The products over the output's lines [begin, end) into `gradient` {O, window's height, window's width * C}.
void Multiply(const Operands& of, Lines lines, const torch::Tensor& gradient) {
  const auto seen = of.Seen(lines.at_once, of.rows.width_of_line());
  for (auto first = lines.begin; first < lines.end; first += lines.at_once) {
    const auto count = std::min(lines.at_once, lines.end - first);
    const auto transposed = of.Transposed(first, count);
    for (int64_t row = 0; row < gradient.size(1); ++row)
      gradient.select(1, row).addmm_(transposed, of.rows.Gather(of.input, row, 1, first, count, seen),
                                     first > lines.begin);
  }
}

// The gradient {O, window's height * window's width * C} by a product for each line of the window and each
// few lines of positions, several at a time.
torch::Tensor ByLines(const Operands& of, const Window& window) {
  const auto lines = of.rows.lines(), channels = of.positions.size(1), size = of.input.element_size();
  const auto [parts, at_once] =
      Divided(lines, of.rows.out_width() * of.rows.width_of_line() * size, channels * of.rows.width() * size);
  const auto gradients =
      torch::empty({parts, channels, window.kernel[0], of.rows.width_of_line()}, of.input.options());
  const auto multiply = [&, parts = parts, at_once = at_once](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad_here;
    for (auto part = begin; part < end; ++part)
      Multiply(of, {lines * part / parts, lines * (part + 1) / parts, at_once}, gradients[part]);
  };
  if (parts == 1) multiply(0, 1);  // with all threads in each product
  if (parts > 1) at::parallel_for(0, parts, 1, multiply);
  return parts == 1 ? gradients[0] : gradients.sum(0);
}

// The same by products of whole windows.
torch::Tensor ByWindows(const Operands& of, const Window& window) {
  const auto lines = of.rows.lines();
  const auto bytes_of_line = of.rows.out_width() * of.rows.width() * of.input.element_size();
  const auto at_once = std::clamp<int64_t>(kBytesOfWindows / bytes_of_line, 1, lines);
  const auto seen = of.Seen(at_once, of.rows.width());
  torch::Tensor gradient;
  for (int64_t first = 0; first < lines; first += at_once) {
    const auto count = std::min(at_once, lines - first);
    const auto product = Product(of.Transposed(first, count),
                                 of.rows.Gather(of.input, 0, window.kernel[0], first, count, seen));
    gradient = first > 0 ? gradient.add_(product) : product;
  }
  return gradient;
}

WeightGradient ForThisProcessor() {
  return HasWideVectors() ? WeightGradient::kByShape : WeightGradient::kTaps;
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
  const auto channels = outputs.size(1);
  if (outputs.numel() == 0)
    return input.new_zeros({channels, input.size(1), window.kernel[0], window.kernel[1]});
  const WindowRows rows(seen.sizes(), outputs.sizes(), window);
  const auto compute = ChosenProductLibrary() == ProductLibrary::kOneDnn ? ByWindows : ByLines;
  return compute({outputs.permute({0, 2, 3, 1}).reshape({-1, channels}), seen, rows}, window)
      .view({channels, window.kernel[0], window.kernel[1], seen.size(1)})
      .permute({0, 3, 1, 2});
}

}  // namespace helio::nn
