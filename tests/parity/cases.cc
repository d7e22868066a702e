#include "tests/parity/cases.h"

namespace helio::parity {
namespace {

// Image gradients of the big trunks pass thousands of ReLU kinks: loose in float32, tight in float64.
const Tolerance kTrunk = {.out = 5e-5, .grad = 5e-2, .sum = 5e-2};
const Tolerance kTrunkDouble = {.out = 5e-5, .grad = 1e-5, .rounded = 5e-5};

// Float64 follows the whole trajectory. Float32 leaves it at the first LeakyReLU input that rounds to the
// other side of zero (in fixtures-odd/trajectory_attn one of 1.5e5 inputs of the discriminators, at 2e-7,
// which moves the generator's first gradient by 1e-2), and Adam's first steps have the size of the learning
// rate whatever the gradient's: only the first losses are tight.
const Tolerance kTrajectory = {
    .out = 0.2, .grad = 5e-2, .special = {{"out.it0.fake", 1e-4}, {"out.it0.", 1e-5}, {"out.it", 5e-2}}};
const Tolerance kTrajectoryDouble = {.out = 1e-6, .grad = 1e-6, .rounded = 1e-3};

const Tolerance kMetrics = {.out = 1e-9, .special = {{"out.fid.fid", 1e-6}, {"out.fid.trace_sqrt", 1e-6}}};

// Tolerances: FIXTURES.md section 2, "recommended".
const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"rnn_encoder_lstm", ReplayTextEncoder, {1e-5, 1e-5}},
      {"rnn_encoder_gru", ReplayTextEncoder, {1e-5, 1e-5}},
      {"ca_net", ReplayConditioningAugmentation, {1e-5, 1e-5}},
      {"attn_global", ReplayWordAttention, {1e-5, 1e-5}},
      {"attn_gl_mirror", ReplayGlobalLocalAttention, {1e-5, 1e-5}},
      {"func_attention", ReplayRegionAttention, {1e-5, 2e-5}},
      {"g_net_attn_b3", ReplayGenerator, {1e-4, 1e-3}},
      {"g_net_attn_b2", ReplayGenerator, {1e-4, 1e-3}},
      {"g_net_mirror_b3", ReplayGenerator, {1e-4, 1e-3}},
      {"g_dcgan_attn_b2", ReplayGenerator, {1e-4, 1e-3}},
      {"d_net64", ReplayDiscriminator, {2e-5, 2e-4}},
      {"d_net128", ReplayDiscriminator, {2e-5, 2e-4}},
      {"d_net256", ReplayDiscriminator, {2e-5, 2e-4}},
      {"words_loss", ReplayWordsLoss, {1e-5, 2e-5}},
      {"sent_loss", ReplaySentenceLoss, {1e-5, 1e-5}},
      {"caption_loss", ReplayCaptionLoss, {1e-5, 1e-5}},
      {"generator_loss_attn", ReplayGeneratorLoss, {2e-5, 2e-5}},
      {"generator_loss_mirror", ReplayGeneratorLoss, {2e-5, 2e-5}},
      {"cnn_encoder", ReplayImageEncoder, kTrunk, kTrunkDouble},
      {"caption_cnn", ReplayCaptionEncoder, kTrunk, kTrunkDouble},
      {"trajectory_attn", ReplayTrajectory, kTrajectory, kTrajectoryDouble},
      {"trajectory_mirror", ReplayTrajectory, kTrajectory, kTrajectoryDouble},
      {"metrics", ReplayMetrics, kMetrics},
  };
  return cases;
}

}  // namespace

const Case* FindCase(const std::string& name) {
  for (const auto& one : Cases())
    if (name == one.name) return &one;
  return nullptr;
}

}  // namespace helio::parity
