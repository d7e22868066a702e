#pragma once
#include <cstdint>

#include "src/base/named_tensors.h"
#include "src/nn/module.h"

namespace helio::eval {

// Tells the colour of each part of a drawn bird: pictures {B, 3, 64, 64} in [-1, 1] to logits {B, parts,
// colours}. Other sides are resized bilinearly first. Our own; the judge of part-wise colour accuracy.
class SmallPartNetImpl : public torch::nn::Module {
 public:
  SmallPartNetImpl(int64_t parts, int64_t colours);
  torch::Tensor forward(torch::Tensor images);

 private:
  int64_t parts_, colours_;
  torch::nn::Sequential trunk_{nullptr}, head_{nullptr};
};
TORCH_MODULE(SmallPartNet);

// The side of the crops that the judge looks at, and the shorter side, at most, of pictures that it should be
// trained on.
constexpr int kPartJudgeSide = 64, kPartJudgeStored = 76;

struct PartJudgeOptions {
  int64_t steps = 300;
  int64_t batch = 64;
  double rate = 3e-3;  // peak of a one-cycle schedule
  bool mirror = true;  // half of the pictures: where the values of a mirrored picture are the same
  uint64_t seed = 1;
  torch::Device device = torch::kCPU;
};

// Trains a judge on real drawings: pictures {N, 3, s, s}, uint8 in [0, 255] or float in [-1, 1], s >= 64
// (cropped to 64 and, with `mirror`, flipped at random), and their colours {N, parts} int64 in [0, colours).
// A function of its arguments and, in the last digits, of the number of threads; about 20 s on a CPU core.
// The global random state is neither read nor changed. Returned in evaluation mode.
SmallPartNet TrainPartJudge(const torch::Tensor& pictures, const torch::Tensor& part_colours, int64_t colours,
                            const PartJudgeOptions& options = {});

// Share of right part colours on held-out pictures (centre crop): what the judge itself is worth.
double PartJudgeAccuracy(SmallPartNet judge, const torch::Tensor& pictures,
                         const torch::Tensor& part_colours);

// The judge's probabilities {B, parts, colours} without gradient, on its own device; result on the CPU.
torch::Tensor JudgeParts(SmallPartNet judge, const torch::Tensor& images);

}  // namespace helio::eval
