#pragma once
#include <vector>

#include "src/nn/blocks.h"
#include "src/nn/critic.h"
#include "src/nn/module.h"

namespace helio::nn {

struct DiscriminatorOptions {
  int64_t df = 64;  // channels of the first layer (DF_DIM)
  int64_t embedding = 256;
  int64_t side = 64;          // a power of two >= 8; 64, 128, 256 are the published nets
  bool unconditional = true;  // the head that does not see the sentence
};

// A head: features {B, 8 df, 4, 4} to a logit a row (published as D_GET_LOGITS; its sigmoid is left to the
// loss).
class DiscriminatorHeadImpl : public torch::nn::Module {
 public:
  DiscriminatorHeadImpl(int64_t df, int64_t embedding, bool conditional);
  // sentence {B, embedding}, undefined for the unconditional head. {B}. `parts`: the rows of each of the
  // batches that lie one below the other in `features`; none: it is one batch.
  torch::Tensor forward(const torch::Tensor& features, const torch::Tensor& sentence = {},
                        at::IntArrayRef parts = {});

 private:
  torch::nn::Sequential jointConv{nullptr}, outlogits{nullptr};
};
TORCH_MODULE(DiscriminatorHead);

// The published trunks img_code_s16, img_code_s32, ... as members of `module`: strided convolutions to 4 x 4,
// and back to 8 df channels.
std::vector<torch::nn::Sequential> RegisterTrunk(torch::nn::Module& module, int64_t df, int64_t side);

// D_NET64, D_NET128, D_NET256 and their likes for other sides: strided convolutions to 4 x 4 and 8 df
// channels.
class DiscriminatorImpl : public torch::nn::Module, public Critic {
 public:
  explicit DiscriminatorImpl(const DiscriminatorOptions& options);
  // Images {B, 3, side, side} in [-1, 1] to features {B, 8 df, 4, 4}.
  torch::Tensor forward(const torch::Tensor& images);
  std::vector<torch::Tensor> Features(const std::vector<torch::Tensor>& images) override;
  // Logits {B}.
  torch::Tensor Conditional(const torch::Tensor& features, const torch::Tensor& sentence);
  std::vector<torch::Tensor> Conditional(const std::vector<Pair>& batches) override;
  torch::Tensor Unconditional(const torch::Tensor& features) override;
  bool has_unconditional() const override { return !unconditional_.is_empty(); }
  int64_t side() const { return side_; }

 private:
  int64_t side_;
  std::vector<torch::nn::Sequential> trunk_;
  DiscriminatorHead unconditional_{nullptr}, conditional_{nullptr};
};
TORCH_MODULE(Discriminator);

}  // namespace helio::nn
