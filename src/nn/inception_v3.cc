#include "src/nn/inception_v3.h"

#include "src/nn/convolution.h"

namespace helio::nn {
namespace {

using Branch = InceptionBlockImpl::Branch;
using Pool = InceptionBlockImpl::Pool;
using Branches = std::vector<Branch>;

// Shorthands of the tables below.
ConvSpec One(const char* name, int64_t in, int64_t out) { return {name, in, out, {1, 1}}; }
ConvSpec Square(const char* name, int64_t in, int64_t out, int64_t side) {
  return {name, in, out, {side, side}, 1, {side / 2, side / 2}};
}
ConvSpec Wide(const char* name, int64_t in, int64_t out, int64_t length) {
  return {name, in, out, {1, length}, 1, {0, length / 2}};
}
ConvSpec Tall(const char* name, int64_t in, int64_t out, int64_t length) {
  return {name, in, out, {length, 1}, 1, {length / 2, 0}};
}
ConvSpec Down(const char* name, int64_t in, int64_t out) { return {name, in, out, {3, 3}, 2, {0, 0}}; }
Branch Chain(std::vector<ConvSpec> chain) { return {Pool::kNone, std::move(chain), {}}; }
Branch Pooled(Pool pool, std::vector<ConvSpec> chain = {}) { return {pool, std::move(chain), {}}; }

Branches BlockA(int64_t in, int64_t pooled, Pool pool) {
  return {Chain({One("branch1x1", in, 64)}),
          Chain({One("branch5x5_1", in, 48), Square("branch5x5_2", 48, 64, 5)}),
          Chain({One("branch3x3dbl_1", in, 64), Square("branch3x3dbl_2", 64, 96, 3),
                 Square("branch3x3dbl_3", 96, 96, 3)}),
          Pooled(pool, {One("branch_pool", in, pooled)})};
}

Branches BlockB(int64_t in) {
  return {Chain({Down("branch3x3", in, 384)}),
          Chain({One("branch3x3dbl_1", in, 64), Square("branch3x3dbl_2", 64, 96, 3),
                 Down("branch3x3dbl_3", 96, 96)}),
          Pooled(Pool::kMax)};
}

Branches BlockC(int64_t in, int64_t c, Pool pool) {
  return {
      Chain({One("branch1x1", in, 192)}),
      Chain({One("branch7x7_1", in, c), Wide("branch7x7_2", c, c, 7), Tall("branch7x7_3", c, 192, 7)}),
      Chain({One("branch7x7dbl_1", in, c), Tall("branch7x7dbl_2", c, c, 7), Wide("branch7x7dbl_3", c, c, 7),
             Tall("branch7x7dbl_4", c, c, 7), Wide("branch7x7dbl_5", c, 192, 7)}),
      Pooled(pool, {One("branch_pool", in, 192)})};
}

Branches BlockD(int64_t in) {
  return {Chain({One("branch3x3_1", in, 192), Down("branch3x3_2", 192, 320)}),
          Chain({One("branch7x7x3_1", in, 192), Wide("branch7x7x3_2", 192, 192, 7),
                 Tall("branch7x7x3_3", 192, 192, 7), Down("branch7x7x3_4", 192, 192)}),
          Pooled(Pool::kMax)};
}

Branches BlockE(int64_t in, Pool pool) {
  return {Chain({One("branch1x1", in, 320)}),
          {Pool::kNone,
           {One("branch3x3_1", in, 384)},
           {Wide("branch3x3_2a", 384, 384, 3), Tall("branch3x3_2b", 384, 384, 3)}},
          {Pool::kNone,
           {One("branch3x3dbl_1", in, 448), Square("branch3x3dbl_2", 448, 384, 3)},
           {Wide("branch3x3dbl_3a", 384, 384, 3), Tall("branch3x3dbl_3b", 384, 384, 3)}},
          Pooled(pool, {One("branch_pool", in, 192)})};
}

torch::Tensor Prepare(const torch::Tensor& input, Pool pool) {
  switch (pool) {
    case Pool::kAverage:
      return torch::avg_pool2d(input, 3, 1, 1);
    case Pool::kAverageInside:
      return torch::avg_pool2d(input, 3, 1, 1, /*ceil_mode=*/false, /*count_include_pad=*/false);
    case Pool::kMax:
      return torch::max_pool2d(input, 3, 2);
    case Pool::kMaxSame:
      return torch::max_pool2d(input, 3, 1, 1);
    case Pool::kNone:
      break;
  }
  return input;
}

}  // namespace

InceptionBlockImpl::InceptionBlockImpl(const std::vector<Branch>& branches) {
  for (const auto& branch : branches) {
    auto& built = branches_.emplace_back();
    built.pool = branch.pool;
    for (const auto& spec : branch.chain) built.chain.push_back(register_module(spec.name, ConvNorm(spec)));
    for (const auto& spec : branch.fork) built.fork.push_back(register_module(spec.name, ConvNorm(spec)));
  }
}

torch::Tensor InceptionBlockImpl::forward(const torch::Tensor& input) {
  std::vector<torch::Tensor> outputs;
  for (auto& branch : branches_) {
    auto features = Prepare(input, branch.pool);
    for (auto& convolution : branch.chain) features = convolution(features);
    for (auto& convolution : branch.fork) outputs.push_back(convolution(features));
    if (branch.fork.empty()) outputs.push_back(features);
  }
  return torch::cat(outputs, 1);
}

InceptionV3::InceptionV3(const Pools& pools) {
  for (const auto& spec : {Down("Conv2d_1a_3x3", 3, 32), ConvSpec{"Conv2d_2a_3x3", 32, 32, {3, 3}},
                           Square("Conv2d_2b_3x3", 32, 64, 3), One("Conv2d_3b_1x1", 64, 80),
                           ConvSpec{"Conv2d_4a_3x3", 80, 192, {3, 3}}})
    stem_.push_back(register_module(spec.name, ConvNorm(spec)));
  const auto add = [this](std::vector<InceptionBlock>& blocks, const char* name, const Branches& branches) {
    blocks.push_back(register_module(name, InceptionBlock(branches)));
  };
  add(local_, "Mixed_5b", BlockA(192, 32, pools.inner));
  add(local_, "Mixed_5c", BlockA(256, 64, pools.inner));
  add(local_, "Mixed_5d", BlockA(288, 64, pools.inner));
  add(local_, "Mixed_6a", BlockB(288));
  add(local_, "Mixed_6b", BlockC(768, 128, pools.inner));
  add(local_, "Mixed_6c", BlockC(768, 160, pools.inner));
  add(local_, "Mixed_6d", BlockC(768, 160, pools.inner));
  add(local_, "Mixed_6e", BlockC(768, 192, pools.inner));
  add(global_, "Mixed_7a", BlockD(768));
  add(global_, "Mixed_7b", BlockE(1280, pools.inner));
  add(global_, "Mixed_7c", BlockE(2048, pools.last));
  UseChannelsLast(*this);
}

ImageFeatures InceptionV3::Features(const torch::Tensor& resized) {
  auto x = resized.contiguous(torch::MemoryFormat::ChannelsLast);
  for (size_t i = 0; i < stem_.size(); ++i) {
    x = stem_[i](x);
    if (i == 2 || i == 4) x = torch::max_pool2d(x, 3, 2);
  }
  for (auto& block : local_) x = block(x);
  const auto regions = x;
  for (auto& block : global_) x = block(x);
  return {regions, torch::avg_pool2d(x, 8).flatten(1)};
}

}  // namespace helio::nn
