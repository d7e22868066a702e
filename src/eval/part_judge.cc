#include "src/eval/part_judge.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/optim/adam.h>

#include <numbers>

#include "src/base/noise.h"
#include "src/base/random.h"
#include "src/base/seeded_initialisation.h"
#include "src/nn/convolution.h"

namespace helio::eval {
namespace {

constexpr int64_t kSide = kPartJudgeSide;

nn::Conv2d Reduce(int64_t in, int64_t out) {
  return nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(2).padding(1).bias(false));
}

// He initialisation from a generator of its own: torch's global one stays untouched.
void Initialise(torch::nn::Module& module, uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(RandomKey(seed, "part judge weights"));
  for (auto& item : module.named_parameters()) {
    auto& parameter = item.value();
    if (item.key().ends_with("bias")) parameter.zero_();
    if (parameter.dim() < 2) continue;
    const double fan_in = static_cast<double>(parameter.numel()) / static_cast<double>(parameter.size(0));
    parameter.normal_(0, std::sqrt(2 / fan_in), generator);
  }
}

SmallPartNet MakeJudge(int64_t parts, int64_t colours, uint64_t seed) {
  const SeededInitialisation seeded(seed);
  SmallPartNet judge(parts, colours);
  Initialise(*judge, seed);
  return judge;
}

torch::Tensor InRange(const torch::Tensor& pictures) {
  return pictures.scalar_type() == torch::kUInt8 ? pictures.to(torch::kFloat32) / 127.5 - 1 : pictures;
}

torch::Tensor CentreCrop(const torch::Tensor& pictures) {
  const int64_t margin_y = (pictures.size(2) - kSide) / 2, margin_x = (pictures.size(3) - kSide) / 2;
  return pictures.narrow(2, margin_y, kSide).narrow(3, margin_x, kSide);
}

// Crop, flip, and now and then blur and noise: generated birds are softer and noisier than drawn ones, and
// the judge should look at areas, not at texture.
torch::Tensor Augment(torch::Tensor pictures, bool mirror, RandomStream& random) {
  pictures = pictures.narrow(2, random.Below(pictures.size(2) - kSide + 1), kSide);
  pictures = pictures.narrow(3, random.Below(pictures.size(3) - kSide + 1), kSide);
  if (mirror && random.Below(2)) pictures = pictures.flip({3});
  if (random.Below(2)) pictures = torch::avg_pool2d(pictures, 3, /*stride=*/1, /*padding=*/1);
  return pictures +
         0.1 * NormalRows(random.Next(), {0, pictures.size(0), pictures.size(0)}, {3, kSide, kSide});
}

torch::Tensor RandomRows(int64_t count, int64_t batch, RandomStream& random) {
  std::vector<int64_t> rows(batch);
  for (auto& row : rows) row = random.Below(count);
  return torch::tensor(rows, torch::kInt64);
}

// Up over the first quarter, down over the rest, as a cosine.
double OneCycle(double done) {
  const double phase = done < 0.25 ? 1 - done / 0.25 : (done - 0.25) / 0.75;
  return 0.02 + 0.98 * (1 + std::cos(std::numbers::pi * phase)) / 2;
}

torch::Tensor PartLoss(const torch::Tensor& logits, const torch::Tensor& colours) {
  return torch::cross_entropy_loss(logits.flatten(0, 1), colours.flatten());
}

void SetRate(torch::optim::Adam& adam, double rate) {
  for (auto& group : adam.param_groups()) static_cast<torch::optim::AdamOptions&>(group.options()).lr(rate);
}

}  // namespace

SmallPartNetImpl::SmallPartNetImpl(int64_t parts, int64_t colours) : parts_(parts), colours_(colours) {
  trunk_ = register_module("trunk", torch::nn::Sequential());
  const std::array<int64_t, 5> widths{3, 32, 64, 128, 128};
  for (size_t i = 0; i + 1 < widths.size(); ++i) {
    trunk_->push_back(Reduce(widths[i], widths[i + 1]));
    trunk_->push_back(torch::nn::BatchNorm2d(widths[i + 1]));
    trunk_->push_back(torch::nn::ReLU());
  }
  head_ =
      register_module("head", torch::nn::Sequential(torch::nn::Linear(128 * 4 * 4, 128), torch::nn::ReLU(),
                                                    torch::nn::Linear(128, parts * colours)));
}

torch::Tensor SmallPartNetImpl::forward(torch::Tensor images) {
  if (images.size(2) != kSide || images.size(3) != kSide)
    images = at::_upsample_bilinear2d_aa(images, {kSide, kSide}, /*align_corners=*/false);
  return head_->forward(trunk_->forward(images).flatten(1)).view({-1, parts_, colours_});
}

SmallPartNet TrainPartJudge(const torch::Tensor& pictures, const torch::Tensor& part_colours, int64_t colours,
                            const PartJudgeOptions& options) {
  CHECK_GE(std::min(pictures.size(2), pictures.size(3)), kSide);
  CHECK_EQ(pictures.size(0), part_colours.size(0));
  auto judge = MakeJudge(part_colours.size(1), colours, options.seed);
  judge->to(options.device);
  torch::optim::Adam adam(judge->parameters(), torch::optim::AdamOptions(options.rate));
  RandomStream random(RandomKey(options.seed, "part judge"));
  for (int64_t step = 0; step < options.steps; ++step) {
    const auto rows = RandomRows(pictures.size(0), options.batch, random);
    const auto batch =
        Augment(InRange(pictures.index_select(0, rows)), options.mirror, random).to(options.device);
    SetRate(adam, options.rate * OneCycle(static_cast<double>(step) / static_cast<double>(options.steps)));
    adam.zero_grad();
    PartLoss(judge->forward(batch), part_colours.index_select(0, rows).to(options.device)).backward();
    adam.step();
  }
  judge->eval();
  return judge;
}

double PartJudgeAccuracy(SmallPartNet judge, const torch::Tensor& pictures,
                         const torch::Tensor& part_colours) {
  constexpr int64_t kBatch = 256;
  double right = 0;
  for (int64_t i = 0; i < pictures.size(0); i += kBatch) {
    const auto seen = JudgeParts(judge, CentreCrop(InRange(pictures.slice(0, i, i + kBatch)))).argmax(2);
    right += (seen == part_colours.slice(0, i, i + kBatch)).sum().item<double>();
  }
  return right / static_cast<double>(part_colours.numel());
}

torch::Tensor JudgeParts(SmallPartNet judge, const torch::Tensor& images) {
  torch::NoGradGuard no_grad;
  const auto device = judge->parameters().front().device();
  return judge->forward(images.to(device)).softmax(2).to(torch::kCPU);
}

}  // namespace helio::eval
