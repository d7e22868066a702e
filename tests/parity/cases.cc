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

// Losses in float32, iteration by iteration; what began at zero is a sum of a few steps of +-rate.
const Tolerance kFamilyTrajectory = {
    .out = 2e-2, .grad = 6e-5, .special = {{"out.it0.", 1e-5}, {"out.it1.", 1e-4}, {"out.it", 1e-3}}};
// One LeakyReLU of a discriminator that rounds to the other side turns the sign of some of Adam's first steps
// (of the rate's size, whatever the gradient's), and with three rows the generator's gradient through that
// discriminator then moves by a tenth. In float32 only what comes before that first step is tight; float64
// follows the whole loop.
const Tolerance kTreeTrajectory = {
    .out = 0.5,
    .grad = 0.3,
    .special = {{"out.it0.fake", 1e-4}, {"out.it0.errD", 1e-5}, {"out.it0.", 1e-3}, {"out.it", 0.1}}};
const Tolerance kFamilyTrajectoryDouble = {.out = 1e-8, .grad = 1e-6, .rounded = 1e-3};
// About a million ReLU units at 256 pixels: float32 drifts with nothing wrong, float64 does not.
const Tolerance kStackGan2Trajectory = {
    .out = 0.2,
    .grad = 0.3,
    .special = {{"out.it0.fake", 1e-3}, {"out.it0.", 1e-4}, {"out.it1.", 1e-2}, {"out.it", 0.3}}};
const Tolerance kStackGan2TrajectoryDouble = {.out = 1e-8, .grad = 1e-6, .rounded = 0.2};

// One ReLU that float32 turns the other way moves stage II's gradients by 1e-2: loose there, tight in
// float64.
const Tolerance kStage2Double = {.out = 1e-5, .grad = 1e-5, .rounded = 1e-3};

// Of CycleGAN what was recorded in float32 alone is as far off as float32 is.
const Tolerance kCycleDouble = {.out = 1e-9, .grad = 1e-6, .rounded = 5e-5};
const Tolerance kCycleTrajectory = {
    .out = 1e-3, .grad = 9e-5, .special = {{"out.it0.", 1e-5}, {"out.it1.", 1e-4}, {"out.it", 1e-3}}};
const Tolerance kCycleTrajectoryDouble = {.out = 1e-9, .grad = 1e-6, .rounded = 1e-3};

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

// family/ANCESTORS.md section 2: outputs 1e-5, gradients 1e-4.
const Tolerance kAncestor = {1e-5, 1e-4};
// Of what was recorded in float32 only, that recording is up to 2.2e-5 from the float64 of the same peer.
const Tolerance kAncestorDouble = {.out = 1e-8, .grad = 1e-8, .rounded = 5e-5};
// Losses iteration by iteration; the last pictures in float32 have come a little further apart.
const Tolerance kAncestorTrajectory = {.out = 1e-3,
                                       .grad = 1e-4,
                                       .special = {{"out.it0.", 1e-5},
                                                   {"out.it1.", 1e-4},
                                                   {"out.it4.fake", 3e-3},
                                                   {"out.it", 1e-3},
                                                   {"out.final.buffer.", 1e-2}}};
const Tolerance kAncestorTrajectoryDouble = {.out = 1e-8, .grad = 1e-8, .rounded = 1e-5};
// Of this one up to 6.4e-5.
const Tolerance kCodeGeneratorDouble = {.out = 1e-8, .grad = 1e-8, .rounded = 2e-4};
// A chain's directions are divided by their size: the last codes in float32 are 1e-5 from the float64 of the
// same peer, and another implementation may be ten times as far.
const Tolerance kChain = {.out = 1e-4};

// A LeakyReLU of GAWWN's discriminators that float32 turns the other way moves the generator's first gradient
// by up to 1e-2, and what was recorded in float32 alone is that far from float64: tight in float64, where
// losses, weights and statistics were recorded.
const Tolerance kGawwnTrajectory = {.out = 5e-3,
                                    .grad = 2e-2,
                                    .special = {{"out.it0.", 1e-5},
                                                {"out.it1.fake", 1e-3},
                                                {"out.it1.", 1e-4},
                                                {"out.it3.fake", 1e-2},
                                                {"out.it4.fake", 1e-2},
                                                {"out.it", 1e-3},
                                                {"out.final.buffer.", 1e-2}}};
const Tolerance kGawwnTrajectoryDouble = {.out = 1e-8, .grad = 1e-8, .rounded = 1e-3};

// family/FIXTURES.md section 2.
const std::vector<Case>& FamilyCases() {
  static const std::vector<Case> cases = {
      {"stackgan_stage1_g", ReplayStackGanGenerator, {1e-5, 3e-5}},
      {"stackgan_stage2_g", ReplayStackGanGenerator, {7e-5, 5e-2}, kStage2Double},
      {"stackgan_stage1_d", ReplayStackGanCritic, {1e-5, 5e-5}},
      {"stackgan_stage2_d", ReplayStackGanCritic, {2e-5, 6e-5}},
      {"trajectory_stackgan1", ReplayStackGanTrajectory, kFamilyTrajectory, kFamilyTrajectoryDouble},
      {"stackgan2_g", ReplayTreeGenerator, {4e-5, 6e-4}},
      {"stackgan2_g_uncond", ReplayTreeGenerator, {3e-5, 4e-4}},
      {"stackgan2_d64", ReplayTreeCritic, {1e-5, 2e-5}},
      {"stackgan2_d128", ReplayTreeCritic, {1e-5, 6e-5}},
      {"stackgan2_d256", ReplayTreeCritic, {1e-5, 8e-5}},
      {"stackgan2_d64_uncond", ReplayTreeCritic, {1e-5, 2e-5}},
      {"stackgan2_color_loss", ReplayColourLoss, {2e-4, 6e-5}},
      {"trajectory_stackgan2pp", ReplayTreeTrajectory, kTreeTrajectory, kFamilyTrajectoryDouble},
      {"trajectory_stackgan2pp_snapshot", ReplayTreeTrajectory, kTreeTrajectory, kFamilyTrajectoryDouble},
      {"trajectory_stackgan2pp_uncond", ReplayTreeTrajectory, kTreeTrajectory, kFamilyTrajectoryDouble},
      {"cyclegan_g6", ReplayTranslator, {2e-5, 2e-5}, kCycleDouble},
      {"cyclegan_g9", ReplayTranslator, {2e-5, 5e-5}, kCycleDouble},
      {"cyclegan_d", ReplayPatchCritic, {2e-5, 3e-5}, kCycleDouble},
      {"cyclegan_pool", ReplayImagePool, {0, 0}, Tolerance{}},
      {"cyclegan_schedule", ReplayDecay, {1e-9, 1e-9}},
      {"trajectory_cyclegan", ReplayCycleGanTrajectory, kCycleTrajectory, kCycleTrajectoryDouble},
      {"trajectory_stackgan2", ReplayStackGanTrajectory, kStackGan2Trajectory, kStackGan2TrajectoryDouble},
  };
  return cases;
}

// family/ANCESTORS.md section 2.
const std::vector<Case>& AncestorCases() {
  static const std::vector<Case> cases = {
      {"char_cnn_rnn_rnn8", ReplayCharCnnRnn, kAncestor, kAncestorDouble},
      {"char_cnn_rnn_gru18", ReplayCharCnnRnn, kAncestor, kAncestorDouble},
      {"trajectory_char_cnn_rnn", ReplayCharTrajectory, kAncestorTrajectory, kAncestorTrajectoryDouble},
      {"int_cls_g", ReplayIntClsGenerator, kAncestor, kAncestorDouble},
      {"int_cls_d", ReplayIntClsCritic, kAncestor, kAncestorDouble},
      {"int_cls_d_coco", ReplayIntClsCritic, kAncestor, kAncestorDouble},
      {"int_cls_interp", ReplayIntClsInterpolation, kAncestor, kAncestorDouble},
      {"trajectory_int_cls", ReplayIntClsTrajectory, kAncestorTrajectory, kAncestorTrajectoryDouble},
      {"trajectory_int_cls_coco", ReplayIntClsTrajectory, kAncestorTrajectory, kAncestorTrajectoryDouble},
      {"gawwn_grid", ReplayGawwnGrid, kAncestor, kAncestorDouble},
      {"gawwn_box_g", ReplayGawwnGenerator, kAncestor, kAncestorDouble},
      {"gawwn_box_d", ReplayGawwnCritic, kAncestor, kAncestorDouble},
      {"gawwn_keypoint_g", ReplayGawwnGenerator, kAncestor, kAncestorDouble},
      {"gawwn_keypoint_d", ReplayGawwnCritic, kAncestor, kAncestorDouble},
      {"gawwn_keypoint_generator", ReplayGawwnPoints, kAncestor, kAncestorDouble},
      {"trajectory_gawwn_box", ReplayGawwnTrajectory, kGawwnTrajectory, kGawwnTrajectoryDouble},
      {"trajectory_gawwn_keypoint", ReplayGawwnTrajectory, kGawwnTrajectory, kGawwnTrajectoryDouble},
      {"trajectory_gawwn_keypoint_generator", ReplayGawwnTrajectory, kAncestorTrajectory,
       kAncestorTrajectoryDouble},
      {"ppgn_generator", ReplayPpgnGenerator, kAncestor, kCodeGeneratorDouble},
      {"ppgn_step", ReplayPpgnChain, kChain, kAncestorTrajectoryDouble},
      {"trajectory_ppgn_train", ReplayPpgnTrajectory, kAncestorTrajectory, kAncestorTrajectoryDouble},
  };
  return cases;
}

}  // namespace

const Case* FindCase(const std::string& name) {
  for (const auto* cases : {&Cases(), &FamilyCases(), &AncestorCases()})
    for (const auto& one : *cases)
      if (name == one.name) return &one;
  return nullptr;
}

}  // namespace helio::parity
