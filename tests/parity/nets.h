#pragma once
#include "src/base/tensor.h"
#include "src/losses/damsm.h"
#include "src/nn/captioner.h"
#include "src/nn/discriminator.h"
#include "src/nn/generator.h"
#include "src/nn/text_encoder.h"
#include "tests/parity/fixture.h"

namespace helio::parity {

// One process that holds a batch of `rows`.
class WholeBatch {
 public:
  explicit WholeBatch(int64_t rows) : rows_{0, rows, rows} {}
  losses::BatchScope scope() { return {batch_, rows_}; }

 private:
  SoloBatch batch_;
  RowRange rows_;
};

// The networks in the dimensions of a fixture's hparams; weights are the caller's to load.
nn::TextEncoder MakeTextEncoder(const Fixture& fixture);
nn::CaptionDecoder MakeCaptionDecoder(const Fixture& fixture);
nn::Generator MakeGenerator(const Fixture& fixture, nn::AttentionKind attention,
                            bool only_last_image = false);
nn::Discriminator MakeDiscriminator(const Fixture& fixture, int64_t side, bool unconditional = true);
losses::DamsmOptions DamsmOptionsOf(const Fixture& fixture);

// The released code's mask: `padding` {B, words} bool tiled over positions sample by sample.
nn::WordMask ReleasedMask(const torch::Tensor& padding);

}  // namespace helio::parity
