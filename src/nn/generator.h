#pragma once
#include <vector>

#include "src/nn/attention.h"
#include "src/nn/blocks.h"
#include "src/nn/conditioning_augmentation.h"
#include "src/nn/convolution.h"

namespace helio::nn {

enum class AttentionKind {
  kWords,           // AttnGAN
  kWordsAndGlobal,  // MirrorGAN (GLAM)
};

struct GeneratorOptions {
  int64_t gf = 32;          // channels of each stage's features (GF_DIM)
  int64_t embedding = 256;  // of words and of the sentence (EMBEDDING_DIM)
  int64_t condition = 100;  // of the augmented sentence (CONDITION_DIM)
  int64_t z = 100;          // of the noise (Z_DIM)
  int64_t residual_blocks = 2;
  int64_t stages = 3;
  int64_t base_side = 64;  // a power of two >= 8; 64 is the published net
  AttentionKind attention = AttentionKind::kWordsAndGlobal;
  Upsampling upsampling = Upsampling::kNearest;
  bool only_last_image = false;  // G_DCGAN: one picture, of the last stage
};

struct GeneratorInput {
  torch::Tensor noise;            // {B, z}
  torch::Tensor condition_noise;  // {B, condition}
  torch::Tensor sentence;         // {B, embedding}
  torch::Tensor words;            // {B, embedding, words}
  WordMask mask;
};

struct GeneratorOutput {
  std::vector<torch::Tensor> images;     // a stage each, smallest first: {B, 3, s, s} in [-1, 1]
  std::vector<torch::Tensor> attention;  // a refining stage each: {B, words, s, s} of the stage before
  torch::Tensor mean, logvar;            // {B, condition}
};

// From a stage's features {B, channels, s, s} to its picture {B, 3, s, s}: conv3x3 and tanh. The published
// GET_IMAGE_G is a module that holds them under the name "img".
torch::nn::Sequential ToImage(int64_t channels);
class ImageHeadImpl : public torch::nn::Module {
 public:
  explicit ImageHeadImpl(torch::nn::Sequential layers) { register_module("img", std::move(layers)); }
};
TORCH_MODULE(ImageHead);

// F_0: condition and noise to the first feature map (published as INIT_STAGE_G).
class FirstStageImpl : public torch::nn::Module {
 public:
  explicit FirstStageImpl(const GeneratorOptions& options);
  // noise {B, z}, condition {B, condition}; {B, gf, base_side, base_side}.
  torch::Tensor forward(const torch::Tensor& noise, const torch::Tensor& condition);

 private:
  int64_t channels_;
  torch::nn::Sequential fc{nullptr};
  std::vector<torch::nn::Sequential> upsample_;
};
TORCH_MODULE(FirstStage);

// F_i: attention, residual blocks, doubling (published as NEXT_STAGE_G; AttnGAN eq. 1, MirrorGAN eq. 3).
class NextStageImpl : public torch::nn::Module {
 public:
  explicit NextStageImpl(const GeneratorOptions& options);
  // features {B, gf, s, s}, condition {B, condition}, words {B, embedding, words}; the next features {B, gf,
  // 2 s, 2 s}, and the attention to words {B, words, s, s}.
  std::pair<torch::Tensor, torch::Tensor> forward(const torch::Tensor& features,
                                                  const torch::Tensor& condition, const torch::Tensor& words,
                                                  const WordMask& mask);

 private:
  WordAttention words_only_{nullptr};
  GlobalLocalAttention global_local_{nullptr};
  torch::nn::Sequential residual{nullptr}, upsample{nullptr};
  Conv2d conv{nullptr};
};
TORCH_MODULE(NextStage);

// The generators of AttnGAN and MirrorGAN (G_NET with 1 to 3 branches) and AttnGAN's G_DCGAN, under the
// published parameter names.
class GeneratorImpl : public torch::nn::Module {
 public:
  explicit GeneratorImpl(const GeneratorOptions& options);
  GeneratorOutput forward(const GeneratorInput& input);
  const GeneratorOptions& options() const { return options_; }

 private:
  bool HasImage(int64_t stage) const { return !options_.only_last_image || stage + 1 == options_.stages; }

  GeneratorOptions options_;
  ConditioningAugmentation ca_net{nullptr};
  FirstStage first_{nullptr};
  std::vector<NextStage> next_;
  std::vector<torch::nn::Sequential> to_image_;  // conv3x3 and tanh
};
TORCH_MODULE(Generator);

}  // namespace helio::nn
