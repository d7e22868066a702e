#include "tests/parity/cases.h"

namespace helio::parity {
namespace {

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
