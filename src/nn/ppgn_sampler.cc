#include "src/nn/ppgn_sampler.h"

#include <limits>

namespace helio::nn {
namespace {

// {B, words} bool, true beyond a caption's end.
torch::Tensor BeyondEnd(const torch::Tensor& captions, const torch::Tensor& lengths) {
  const auto places = torch::arange(captions.size(1), captions.options());
  return places.unsqueeze(0).ge(lengths.to(captions.device()).unsqueeze(1));
}

}  // namespace

ChainCondition::Judgement ClassCondition::Of(const torch::Tensor& pictures) {
  const auto logits = logits_(pictures), units = units_.to(pictures.device()).unsqueeze(1);
  const auto probability = logits.detach().softmax(1);
  const auto objective =
      exact_ ? logits.log_softmax(1).gather(1, units) : ((1 - probability) * logits).gather(1, units);
  return {objective.sum(), probability.gather(1, units).squeeze(1)};
}

CaptionCondition::CaptionCondition(ImageCode code, CaptionDecoder decoder, torch::Tensor captions,
                                   const torch::Tensor& lengths)
    : code_(std::move(code)),
      decoder_(std::move(decoder)),
      captions_(std::move(captions)),
      padding_(BeyondEnd(captions_, lengths)) {}

ChainCondition::Judgement CaptionCondition::Of(const torch::Tensor& pictures) {
  const auto captions = captions_.to(pictures.device()), padding = padding_.to(pictures.device());
  const auto log_p = decoder_->forward(code_(pictures), captions).log_softmax(2);
  const auto words = log_p.gather(2, captions.unsqueeze(2)).squeeze(2).masked_fill(padding, 0);
  const auto p = words.detach().exp().masked_fill(padding, 0);
  return {words.sum(), p.sum(1) / padding.logical_not().sum(1)};
}

torch::Tensor CentreCrop(const torch::Tensor& pictures, int64_t side) {
  if (side == 0) return pictures;
  const int64_t top = (pictures.size(2) - side) / 2, left = (pictures.size(3) - side) / 2;
  return pictures.narrow(2, top, side).narrow(3, left, side);
}

ChainStep StepChain(const torch::Tensor& code, const ChainNets& nets, ChainCondition& condition,
                    const torch::Tensor& noise, double rate, const ChainOptions& options) {
  ChainStep step;
  const auto leaf = code.detach().requires_grad_();
  {
    const at::AutoGradMode with_gradient(true);
    const auto picture = nets.generator(leaf);
    const auto judgement = condition.Of(CentreCrop(picture, nets.condition_side));
    step.pull = torch::autograd::grad({judgement.objective}, {leaf})[0];
    step.picture = picture.detach();
    step.probability = judgement.probability;
  }
  const torch::NoGradGuard no_grad;
  step.prior = nets.encoder(CentreCrop(step.picture, nets.encoder_side)) - code;
  const auto direction =
      options.epsilon1 * step.prior + options.epsilon2 * step.pull + options.epsilon3 * noise;
  const auto size = direction.abs().mean(1, /*keepdim=*/true).clamp_min(std::numeric_limits<float>::min());
  step.code = torch::minimum((code + rate / size * direction).clamp_min(0), options.highest);
  return step;
}

}  // namespace helio::nn
