// The recorded training loops of AttnGAN and MirrorGAN. Stand-in image encoders are used through a registered
// trunk.
#include "src/recipes/ladder_game.h"
#include "tests/parity/cases.h"
#include "tests/parity/stand_ins.h"
#include "tests/parity/trajectory.h"

namespace helio::parity {
namespace {

bool IsMirrorGan(const Fixture& fixture) { return fixture.Has("param.caption_cnn.conv.weight"); }

OptionValues OptionsOf(const Fixture& fixture) {
  OptionValues options{{"base_side", "64"},
                       {"stages", fixture.HyperText("branch")},
                       {"gf", fixture.HyperText("GF")},
                       {"df", fixture.HyperText("DF")},
                       {"z", fixture.HyperText("Z")},
                       {"condition", fixture.HyperText("CONDITION_DIM")},
                       {"embedding", fixture.HyperText("EMB")},
                       {"residual_blocks", fixture.HyperText("R_NUM")},
                       {"words", std::to_string(fixture.Get("in.it0.captions").size(1))},
                       {"word_vector", fixture.HyperText("NINPUT")},
                       {"fidelity", "released"},
                       {"image_trunk", kStandInTrunk},
                       {"caption_trunk", kStandInTrunk},
                       {"g_rate", fixture.HyperText("lr")},
                       {"d_rate", fixture.HyperText("lr")},
                       {"beta1", fixture.HyperText("betas", 0)},
                       {"beta2", fixture.HyperText("betas", 1)},
                       {"ema_decay", fixture.HyperText("ema")}};
  if (IsMirrorGan(fixture)) {
    options["caption_embedding"] = fixture.HyperText("CAP_EMB");
    options["caption_hidden"] = std::to_string(2 * fixture.Hyper("CAP_HID"));
    options["caption_lambda"] = fixture.HyperText("LAMBDA1");
    return options;
  }
  for (const size_t i : {0, 1, 2}) options["gamma" + std::to_string(i + 1)] = fixture.HyperText("G123", i);
  options["damsm_lambda"] = fixture.HyperText("LAMBDA");
  return options;
}

// Our captioner's trunk has a prefix of its own.
std::string LadderNameOf(const std::string& name) {
  constexpr std::string_view kTrunk = "caption_cnn.resnet.";
  return name.starts_with(kTrunk) ? "caption_cnn." + name.substr(kTrunk.size()) : name;
}

dataio::Batch LadderBatchOf(const Fixture& fixture, const std::string& it) {
  dataio::Batch batch;
  auto& data = batch.data();
  data.captions = fixture.Get("in." + it + "captions");
  data.caption_lengths = fixture.Get("in." + it + "cap_lens");
  data.classes = fixture.Get("in.class_ids");
  for (int64_t i = 0; i < fixture.Hyper("branch"); ++i)
    data.images.push_back(fixture.Image(it + "real" + std::to_string(i)));
  const int64_t rows = data.captions.size(0);
  batch.rows = {0, rows, rows};
  batch.batch_in_epoch = 1;
  return batch;
}

// "d64" is errD0, "d128" errD1, ...; of "g" every term has its recorded name.
LossNames LadderLosses(const Fixture& fixture) {
  LossNames names{.terms = {{"g.words", "w_loss"},
                            {"g.sentence", "s_loss"},
                            {"g.caption", "cap_loss"},
                            {"g.kl", "kl_loss"}},
                  .phases = {{"g", "errG_total"}}};
  for (int64_t i = 0; i < fixture.Hyper("branch"); ++i) {
    const auto number = std::to_string(i), side = std::to_string(64 << i);
    names.terms["g.cond" + side] = "errG_cond" + number;
    names.terms["g.uncond" + side] = "errG_uncond" + number;
    names.phases["d" + side] = "errD" + number;
  }
  return names;
}

// Of each picture, both kinds together.
void GiveAdversarialSums(Fixture& fixture, const train::StepReport& report, const std::string& prefix) {
  for (int64_t i = 0; i < fixture.Hyper("branch"); ++i)
    if (const auto sum = TermsOf(report, "g", "cond" + std::to_string(64 << i)); sum.defined())
      fixture.Give(prefix + "g_loss" + std::to_string(i), sum);
}

}  // namespace

void ReplayTrajectory(Fixture& fixture) {
  CHECK_EQ(fixture.Hyper<double>("adam_eps"), AdamOptions().epsilon);
  RegisterStandInTrunk(StandInChannels(fixture, IsMirrorGan(fixture) ? "caption_cnn" : "image_encoder"));
  ReplayLoop(fixture, {.system = IsMirrorGan(fixture) ? "mirrorgan" : "attngan",
                       .options = OptionsOf(fixture),
                       .data = {.vocabulary = fixture.Hyper("VOCAB"), .classes = 1},
                       .looks = {.prepared = LookAt<recipes::LadderStep>([](const recipes::LadderStep& step) {
                                   return FakesIn(step.drawn.images);
                                 })},
                       .batch = [&](const std::string& it) { return LadderBatchOf(fixture, it); },
                       .drawn =
                           [&](const recipes::System&, const std::string& it, std::string_view purpose) {
                             return fixture.Get("in." + it + (purpose == "noise" ? "noise" : "eps"));
                           },
                       .losses = LadderLosses(fixture),
                       .other_losses =
                           [&](const train::StepReport& report, const std::string& prefix) {
                             GiveAdversarialSums(fixture, report, prefix);
                           },
                       .recorded = LadderNameOf});
}

}  // namespace helio::parity
