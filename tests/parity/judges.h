#pragma once
#include <memory>

#include "src/base/tensor.h"
#include "tests/parity/nets.h"
#include "tests/parity/stand_ins.h"

namespace helio::parity {

// What a generator is trained against in the recorded losses and trajectories: two discriminators (64 and 128
// pixels) and, on the last picture, AttnGAN's DAMSM or MirrorGAN's caption loss, over the stand-in encoders.
struct Judges {
  std::vector<nn::Discriminator> discriminators;
  TinyImageEncoder image_encoder{nullptr};      // AttnGAN
  TinyCaptionEncoder caption_encoder{nullptr};  // MirrorGAN
  nn::CaptionDecoder caption_decoder{nullptr};

  // Loads all of them; discriminators are left in training mode, the encoders in evaluation mode without
  // gradients.
  static Judges Of(const Fixture& fixture);
};

// The text and labels of one batch.
struct Texts {
  torch::Tensor captions, lengths, classes;  // {B, words}, {B}, {B} int64
  torch::Tensor words, sentence;             // {B, embedding, words}, {B, embedding}
};

// The published generator loss without KL, as its named terms: errG_cond<i>, errG_uncond<i>, then w_loss and
// s_loss, or cap_loss.
losses::LossTerms GeneratorTerms(const Fixture& fixture, Judges& judges,
                                 const std::vector<torch::Tensor>& images, const Texts& texts);

// Gives every term under `prefix`, and g_loss<i> = cond + uncond; returns their total.
torch::Tensor GiveTerms(Fixture& fixture, const losses::LossTerms& terms, const std::string& prefix);

torch::Tensor Total(const losses::LossTerms& terms);

}  // namespace helio::parity
