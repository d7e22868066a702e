// The recorded training loops, replayed by what a user runs: MakeSystem and Trainer. What was recorded takes
// the place of what is drawn: noise through StepContext::noise, stand-in image encoders through a registered
// trunk.
#include "cluster/solo_communicator.h"
#include "src/recipes/ladder_game.h"
#include "src/recipes/registry.h"
#include "src/train/trainer.h"
#include "tests/parity/cases.h"
#include "tests/parity/stand_ins.h"
#include "tests/parity/watched.h"
#include "tests/support/default_dtype.h"

namespace helio::parity {
namespace {

bool IsMirrorGan(const Fixture& fixture) { return fixture.Has("param.caption_cnn.conv.weight"); }

// Numbers as JSON writes them.
OptionValues OptionsOf(const Fixture& fixture) {
  const auto hyper = [&](const char* name) { return fixture.Hyper<Json>(name).dump(); };
  OptionValues options{{"base_side", "64"},
                       {"stages", hyper("branch")},
                       {"gf", hyper("GF")},
                       {"df", hyper("DF")},
                       {"z", hyper("Z")},
                       {"condition", hyper("CONDITION_DIM")},
                       {"embedding", hyper("EMB")},
                       {"residual_blocks", hyper("R_NUM")},
                       {"words", std::to_string(fixture.Get("in.it0.captions").size(1))},
                       {"word_vector", hyper("NINPUT")},
                       {"fidelity", "released"},
                       {"image_trunk", kStandInTrunk},
                       {"caption_trunk", kStandInTrunk},
                       {"g_rate", hyper("lr")},
                       {"d_rate", hyper("lr")},
                       {"beta1", fixture.Hyper<Json>("betas").at(0).dump()},
                       {"beta2", fixture.Hyper<Json>("betas").at(1).dump()},
                       {"ema_decay", hyper("ema")}};
  if (IsMirrorGan(fixture)) {
    options["caption_embedding"] = hyper("CAP_EMB");
    options["caption_hidden"] = std::to_string(2 * fixture.Hyper("CAP_HID"));
    options["caption_lambda"] = hyper("LAMBDA1");
    return options;
  }
  for (const size_t i : {0, 1, 2})
    options["gamma" + std::to_string(i + 1)] = fixture.Hyper<Json>("G123").at(i).dump();
  options["damsm_lambda"] = hyper("LAMBDA");
  return options;
}

std::vector<torch::Tensor> FakesOf(const recipes::Step& step) {
  return static_cast<const recipes::LadderStep&>(step).drawn.images;
}

class Trajectory {
 public:
  explicit Trajectory(Fixture& fixture)
      : fixture_(fixture),
        communicator_(cluster::MakeSoloCommunicator({.device = fixture.device()})),
        system_(MakeSystem(), &FakesOf),
        trainer_(system_, *communicator_, {.precision = fixture.precision()}) {
    CHECK_EQ(fixture.Hyper<double>("adam_eps"), AdamOptions().epsilon);
    trainer_.ResetAverages();
  }

  void Run() {
    for (int64_t step = 0; step < fixture_.Hyper("iters"); ++step)
      Step(step, "it" + std::to_string(step) + ".");
    GiveEnd();
  }

 private:
  std::unique_ptr<recipes::System> MakeSystem() {
    RegisterStandInTrunk();
    auto system = recipes::MakeSystem(
        IsMirrorGan(fixture_) ? "mirrorgan" : "attngan", OptionsOf(fixture_),
        {batch_, batch_, 1, {{}, /*random=*/true}, {.vocabulary = fixture_.Hyper("VOCAB"), .classes = 1}});
    torch::NoGradGuard no_grad;
    for (const auto& part : system->Parts())
      for (auto [name, tensor] : part.tensors) tensor.copy_(Recorded(name));
    return system;
  }

  // Our captioner's trunk has a prefix of its own.
  torch::Tensor Recorded(std::string name) const {
    if (const auto trunk = name.find("caption_cnn.resnet."); trunk == 0)
      name = "caption_cnn." + name.substr(19);
    return fixture_.State(name);
  }

  dataio::Batch BatchOf(const std::string& step) const {
    dataio::Batch batch;
    auto& data = batch.data();
    data.captions = fixture_.Get("in." + step + "captions");
    data.caption_lengths = fixture_.Get("in." + step + "cap_lens");
    data.classes = fixture_.Get("in.class_ids");
    for (int64_t i = 0; i < fixture_.Hyper("branch"); ++i)
      data.images.push_back(fixture_.Image(step + "real" + std::to_string(i)));
    const int64_t rows = data.captions.size(0);
    batch.rows = {0, rows, rows};
    batch.step_in_epoch = 1;
    return batch;
  }

  void Step(int64_t number, const std::string& step) {
    const auto batch = BatchOf(step);
    recipes::StepContext context{.step = number, .device = fixture_.device(), .dtype = fixture_.dtype()};
    context.noise = [&](std::string_view purpose) {
      return fixture_.Get("in." + step + (purpose == "noise" ? "noise" : "eps"));
    };
    const auto report = trainer_.Step(batch, context, 1);
    CHECK_EQ(report.skipped(), 0);
    for (size_t i = 0; i < system_.fakes.size(); ++i)
      fixture_.Give("out." + step + "fake" + std::to_string(i), system_.fakes[i]);
    GiveLosses(report, "out." + step);
    if (number == 0) GiveGradients(step);
  }

  // "d64" and "d128" are errD0 and errD1; of "g" every term has its recorded name, and sums are sums.
  void GiveLosses(const train::StepReport& report, const std::string& prefix) {
    static const auto& names =
        *new std::map<std::string, std::string>{{"cond64", "errG_cond0"},  {"uncond64", "errG_uncond0"},
                                                {"cond128", "errG_cond1"}, {"uncond128", "errG_uncond1"},
                                                {"words", "w_loss"},       {"sentence", "s_loss"},
                                                {"caption", "cap_loss"},   {"kl", "kl_loss"}};
    std::map<std::string, torch::Tensor> sums;
    const auto add = [&](const std::string& name, const torch::Tensor& value) {
      auto& sum = sums[name];
      sum = sum.defined() ? sum + value : value;
    };
    for (const auto& term : report.terms) {
      if (term.phase != "g") {
        add(term.phase == "d64" ? "errD0" : "errD1", term.value);
        continue;
      }
      const auto& name = names.at(term.name);
      fixture_.Give(prefix + name, term.value);
      add("errG_total", term.value);
      if (name.starts_with("errG_")) add("g_loss" + name.substr(name.size() - 1), term.value);
    }
    for (const auto& [name, value] : sums) fixture_.Give(prefix + name, value);
  }

  // A phase's gradients stay until its next step.
  void GiveGradients(const std::string& step) {
    for (const auto& [name, tensor] : recipes::TensorsOf(system_, recipes::Role::kTrained))
      if (name.starts_with("netG.") && tensor.requires_grad())
        fixture_.Give("grad." + step + "param." + name, tensor.grad());
  }

  void GiveEnd() {
    for (const auto& [name, tensor] : recipes::TensorsOf(system_, recipes::Role::kTrained)) {
      if (!tensor.requires_grad()) {
        fixture_.Give("out.final.buffer." + name, tensor);
        continue;
      }
      fixture_.Give("out.final.param." + name, tensor);
      fixture_.Give("out.final.norm." + name, tensor.to(torch::kFloat64).norm());
    }
    for (const auto& [name, average] : trainer_.AverageState()) {
      const auto own = name.substr(std::string("netG.").size());
      fixture_.Give("out.final.ema." + own, average);
      fixture_.Give("out.final.norm.ema." + own, average.to(torch::kFloat64).norm());
    }
  }

  Fixture& fixture_;
  const testing::DefaultDtype dtype_scope_{fixture_.dtype()};
  SoloBatch batch_;
  const std::unique_ptr<cluster::Communicator> communicator_;
  Watched system_;
  train::Trainer trainer_;
};

}  // namespace

void ReplayTrajectory(Fixture& fixture) { Trajectory(fixture).Run(); }

}  // namespace helio::parity
