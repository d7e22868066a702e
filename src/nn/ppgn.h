#pragma once
#include <vector>

#include "src/nn/convolution.h"
#include "src/nn/linear.h"

// Plug & Play Generative Networks (PPGN: Nguyen et al., CVPR 2017): the generator of the released "Noiseless
// Joint PPGN-h", under its names, and the discriminators that it can be trained against.
namespace helio::nn {

struct CodeGeneratorOptions {
  int64_t code = 4096;
  std::vector<int64_t> hidden = {4096, 4096};  // fully connected layers between the code and the first map
  // Of the map of 4 x 4, then of each layer but the last one, which draws: all doublings and convolutions.
  std::vector<int64_t> channels = {256, 256, 512, 256, 256, 128, 128, 64, 32};
  int64_t convolutions = 3;  // the first doublings have one behind them; fewer than channels

  int64_t doublings() const { return std::ssize(channels) - convolutions; }
  int64_t side() const { return int64_t{4} << doublings(); }
};

// Draws a picture from an encoder's code. Fully connected layers defc7, defc6, ..., then deconv5 ... deconv0,
// which double the side, and conv5_1 ... behind the first of these; those called conv are transposed
// convolutions, too, as published. Leaky ReLU 0.3 behind each layer but the last.
class CodeGeneratorImpl : public torch::nn::Module {
 public:
  explicit CodeGeneratorImpl(const CodeGeneratorOptions& options);
  // code {B, code}; {B, 3, side, side}, of any value.
  torch::Tensor forward(const torch::Tensor& code);

 private:
  void AddHidden(const CodeGeneratorOptions& options);
  void AddMaps(const CodeGeneratorOptions& options);

  std::vector<Linear> hidden_;
  std::vector<ConvTranspose2d> up_;  // the last one draws
  int64_t channels_;                 // of the first map
};
TORCH_MODULE(CodeGenerator);

struct PictureCriticOptions {
  struct Convolution {
    int64_t channels, kernel, stride, padding;
  };
  std::vector<Convolution> convolutions;
  int64_t hidden = 256;

  // That of Dosovitskiy and Brox (NIPS 2016) for pictures of 227, of width `df` (32). Needs 63 pixels.
  static PictureCriticOptions Deep(int64_t df);
  // Three halvings, for pictures of 32.
  static PictureCriticOptions Small(int64_t df);
};

// Factors of dropout: 0, or 1 / (1 - p). Undefined: no dropout.
struct DropoutMasks {
  torch::Tensor features;  // {B, channels of the last convolution}
  torch::Tensor hidden;    // {B, hidden}
};

// Discriminates real pictures from generated ones, unconditionally.
class PictureCriticImpl : public torch::nn::Module {
 public:
  explicit PictureCriticImpl(const PictureCriticOptions& options);
  // images {B, 3, s, s} -> logits {B, 2}: real, generated.
  torch::Tensor forward(const torch::Tensor& images, const DropoutMasks& drop = {});
  int64_t features() const { return features_; }
  int64_t hidden() const { return hidden_; }

 private:
  int64_t features_ = 3, hidden_;
  std::vector<Conv2d> convolutions_;
  Linear fc1{nullptr}, fc2{nullptr};
};
TORCH_MODULE(PictureCritic);

}  // namespace helio::nn
