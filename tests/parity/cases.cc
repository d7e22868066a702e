#include "tests/parity/cases.h"

namespace helio::parity {
namespace {

// Image gradients of the big trunks pass thousands of ReLU kinks: loose in float32, tight in float64.
const Tolerance kTrunk = {5e-5, 5e-2, 5e-2}, kTrunkDouble = {0, 1e-5};

// Adam's first steps turn rounding into steps of the learning rate, so a trajectory loosens as it goes.
const Tolerance kTrajectory = {
    1e-3,
    1e-3,
    1e-5,
    {{"out.it0.fake", 1e-4}, {"out.it0.", 1e-5}, {"out.it1.fake", 1e-3}, {"out.it1.", 1e-4}}};
const Tolerance kTrajectoryDouble = {1e-6, 1e-6};

const Tolerance kMetrics = {1e-9, 0, 0, {{"out.fid.fid", 1e-6}, {"out.fid.trace_sqrt", 1e-6}}};

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
