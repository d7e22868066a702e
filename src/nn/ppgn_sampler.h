#pragma once
#include <functional>

#include "src/nn/captioner.h"
#include "src/nn/image_encoder.h"
#include "src/nn/module.h"

// PPGN's sampler (Nguyen et al., CVPR 2017, eq. 11): a chain of codes h whose pictures become more probable
// under a condition and stay what the encoder and the generator take for pictures.
namespace helio::nn {

// log p(y | picture) of what pictures are asked for.
class ChainCondition {
 public:
  struct Judgement {
    torch::Tensor objective;    // {}: log p summed over rows, or what has the gradient to follow
    torch::Tensor probability;  // {B}: p, of captions the mean over words; for reports
  };

  virtual ~ChainCondition() = default;
  // pictures {B, 3, s, s}; differentiable in them.
  virtual Judgement Of(const torch::Tensor& pictures) = 0;
};

// A class each: units {B} int64. `exact`: the gradient of log softmax; else as published, where only the
// class' own logit gets one, 1 - p.
class ClassCondition : public ChainCondition {
 public:
  using Logits = std::function<torch::Tensor(const torch::Tensor& pictures)>;  // {B, classes}
  ClassCondition(Logits logits, torch::Tensor units, bool exact)
      : logits_(std::move(logits)), units_(std::move(units)), exact_(exact) {}
  Judgement Of(const torch::Tensor& pictures) override;

 private:
  const Logits logits_;
  const torch::Tensor units_;
  const bool exact_;
};

// A caption each, by STREAM's captioner, which sees the picture once, before the first word: the gradient
// runs through all of its steps. (The published captioner sees it at every word, and its gradient goes
// through none.)
class CaptionCondition : public ChainCondition {
 public:
  using ImageCode = std::function<torch::Tensor(const torch::Tensor& pictures)>;  // {B, embedding}
  // captions {B, words} int64 padded with 0, lengths {B} int64.
  CaptionCondition(ImageCode code, CaptionDecoder decoder, torch::Tensor captions,
                   const torch::Tensor& lengths);
  Judgement Of(const torch::Tensor& pictures) override;

 private:
  const ImageCode code_;
  CaptionDecoder decoder_;
  const torch::Tensor captions_, padding_;
};

// What a chain runs through.
struct ChainNets {
  std::function<torch::Tensor(const torch::Tensor& code)> generator;    // {B, 3, side, side}
  std::function<torch::Tensor(const torch::Tensor& pictures)> encoder;  // {B, code}; not differentiated
  int64_t encoder_side = 0;    // of the middle of a picture that the encoder sees; 0: all of it
  int64_t condition_side = 0;  // likewise the condition
};

struct ChainOptions {
  double epsilon1 = 1e-3;  // of the prior: E(G(h)) - h
  double epsilon2 = 1;     // of the condition: d log p / dh
  double epsilon3 = 1e-17;
  double rate = 1, last_rate = 1e-10;  // mean change of a unit in the first and in the last step
  torch::Tensor highest;               // of a code, {} or {code}; the lowest is 0

  // Of update number `step` of 0 .. `steps`.
  double RateOf(int64_t step, int64_t steps) const {
    return rate + (last_rate - rate) * static_cast<double>(step) / static_cast<double>(steps);
  }
};

// An update, and what went into it.
struct ChainStep {
  torch::Tensor code;         // the new one
  torch::Tensor picture;      // of the old one
  torch::Tensor prior, pull;  // {B, code}: E(G(h)) - h, d log p / dh
  torch::Tensor probability;  // {B}, before the update
};

// h + rate / mean |d| * d, clipped, d = eps1 prior + eps2 pull + eps3 noise; the mean is over a row's code
// (the published batch is 1). noise {B, code}, standard normal. No gradient reaches the networks' weights.
ChainStep StepChain(const torch::Tensor& code, const ChainNets& nets, ChainCondition& condition,
                    const torch::Tensor& noise, double rate, const ChainOptions& options);

// The central side x side pixels of pictures {B, c, s, s}, one pixel nearer to the top left where s - side is
// odd. Side 0: the pictures as they are.
torch::Tensor CentreCrop(const torch::Tensor& pictures, int64_t side);

}  // namespace helio::nn
