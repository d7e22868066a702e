// StackGAN++'s networks, losses and recorded training loops (family/FIXTURES.md section 3.2).
#include "src/losses/colour.h"
#include "src/losses/kl.h"
#include "src/recipes/stackgan_pp.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"
#include "tests/parity/trajectory.h"
#include "tests/support/default_dtype.h"

namespace helio::parity {
namespace {

bool IsConditional(const Fixture& fixture) { return fixture.Hyper<bool>("B_CONDITION"); }

nn::TreeGenerator MakeTree(const Fixture& fixture) {
  return nn::TreeGenerator(nn::TreeOptions{.gf = fixture.Hyper("GF"),
                                           .embedding = fixture.Hyper("TEXT"),
                                           .condition = fixture.Hyper("EMB"),
                                           .z = fixture.Hyper("Z"),
                                           .residual_blocks = fixture.Hyper("R_NUM"),
                                           .stages = fixture.Hyper("branch"),
                                           .conditional = IsConditional(fixture)});
}

nn::TreeInput TreeInputOf(const Fixture& fixture) {
  nn::TreeInput input{.noise = fixture.Leaf("in.noise"), .sentence = {}, .condition_noise = {}};
  if (!IsConditional(fixture)) return input;
  input.sentence = fixture.Leaf("in.text_embedding");
  input.condition_noise = fixture.Get("in.eps");
  return input;
}

void GiveImages(Fixture& fixture, const std::string& prefix, const std::vector<torch::Tensor>& images) {
  for (size_t i = 0; i < images.size(); ++i) fixture.Give(prefix + std::to_string(i), images[i]);
}

void ReplayTreeTraining(Fixture& fixture, nn::TreeGenerator& generator) {
  fixture.Load(*generator);
  generator->train();
  const auto input = TreeInputOf(fixture);
  const auto output = generator(input);
  GiveImages(fixture, "out.train.fake_img", output.images);
  torch::Tensor pulled = torch::zeros({}, torch::TensorOptions(torch::kFloat64).device(fixture.device()));
  for (size_t i = 0; i < output.images.size(); ++i)
    pulled = pulled + fixture.Pull("fake_img" + std::to_string(i), output.images[i]);
  if (input.sentence.defined()) {
    fixture.Give("out.train.mu", output.mean);
    fixture.Give("out.train.logvar", output.logvar);
    pulled = pulled + fixture.Pull("mu", output.mean) + fixture.Pull("logvar", output.logvar);
  }
  pulled.backward();
  fixture.Give("grad.in.noise", input.noise.grad());
  if (input.sentence.defined()) fixture.Give("grad.in.text_embedding", input.sentence.grad());
  fixture.GiveGradients(*generator);
  fixture.GiveBuffers(*generator, "train.");
}

void ReplayTreeKl(Fixture& fixture, nn::TreeGenerator& generator) {
  fixture.Load(*generator);
  generator->train();
  generator->zero_grad();
  const auto input = TreeInputOf(fixture);
  const auto output = generator(input);
  WholeBatch batch(fixture.Hyper("batch"));
  const auto loss = losses::KlLoss(output.mean, output.logvar, batch.scope());
  fixture.Give("out.kl_loss", loss);
  loss.backward();
  fixture.Give("grad.kl.in.text_embedding", input.sentence.grad());
  fixture.GiveGradients(*generator, "kl.");
}

// A system of the fixture's dimensions. `alone`: with the discriminator of one side, to try its loss.
OptionValues TreeOptionsOf(const Fixture& fixture, const std::string& prefix, int64_t stages,
                           int64_t base_side) {
  const auto number = [](int64_t value) { return std::to_string(value); };
  return {{"conditional", IsConditional(fixture) ? "true" : "false"},
          {"base_side", number(base_side)},
          {"stages", number(stages)},
          {"gf", number(fixture.Hyper("GF"))},
          {"df", number(fixture.Get("param." + prefix + "img_code_s16.0.weight").size(0))},
          {"z", number(fixture.Hyper("Z"))},
          {"condition", number(fixture.Hyper("EMB"))},
          {"residual_blocks", number(fixture.Hyper("R_NUM"))},
          {"kl_weight", fixture.HyperText("KL")}};
}

// A discriminator alone: logits, and the losses of the phases that the system makes of it.
class TreeCriticReplay {
 public:
  explicit TreeCriticReplay(Fixture& fixture)
      : fixture_(fixture),
        net_(nn::TreeCriticOptions{.df = fixture.Get("param.img_code_s16.0.weight").size(0),
                                   .condition = fixture.Hyper("EMB"),
                                   .side = fixture.Hyper("size"),
                                   .conditional = IsConditional(fixture)}) {}

  void Run() {
    Logits();
    Evaluation();
  }

 private:
  void Start(bool training) {
    fixture_.Load(*net_);
    net_->train(training);
    net_->zero_grad();
  }

  std::vector<std::pair<std::string, torch::Tensor>> Heads(const torch::Tensor& image,
                                                           const torch::Tensor& mu) {
    const auto features = net_->Features({image})[0];
    const auto unconditional = net_->Unconditional(features).sigmoid();
    if (!mu.defined()) return {{"logits", unconditional}};
    return {{"cond_logits", net_->Conditional({{features, mu}})[0].sigmoid()},
            {"uncond_logits", unconditional}};
  }

  void Logits() {
    Start(true);
    const auto real = fixture_.ImageLeaf("real");
    const auto mu = IsConditional(fixture_) ? fixture_.Leaf("in.mu") : torch::Tensor();
    torch::Tensor pulled;
    for (const auto& [name, logits] : Heads(real, mu)) {
      fixture_.Give("out.train." + name, logits);
      const auto one = fixture_.Pull(name, logits);
      pulled = pulled.defined() ? pulled + one : one;
    }
    pulled.backward();
    fixture_.Give("grad.logits.in.real", real.grad());
    if (mu.defined()) fixture_.Give("grad.logits.in.mu", mu.grad());
    fixture_.GiveGradients(*net_, "logits.");
    fixture_.GiveBuffers(*net_, "train.");
  }

  void Evaluation() {
    const torch::NoGradGuard no_grad;
    Start(false);
    const auto mu = IsConditional(fixture_) ? fixture_.Get("in.mu") : torch::Tensor();
    for (const auto& [name, logits] : Heads(fixture_.Image("real"), mu))
      fixture_.Give("out.eval." + name, logits);
  }

  Fixture& fixture_;
  nn::TreeCritic net_;
};

// The losses of the product's phases on recorded pictures: a system whose drawing is given.
class TreeLossReplay {
 public:
  explicit TreeLossReplay(Fixture& fixture) : fixture_(fixture) {}

  void Run() {
    DiscriminatorLoss("out.errD", fixture_.Hyper<double>("UNCOND"), /*with_gradients=*/true);
    if (IsConditional(fixture_)) DiscriminatorLoss("out.errD_uncond0", 0, /*with_gradients=*/false);
    GeneratorLoss();
  }

 private:
  // Its last stage has the fixture's side; so the first one's may be smaller than 64 where that is needed.
  std::unique_ptr<recipes::System> MakeSystem(double uncond) {
    auto options = TreeOptionsOf(fixture_, "", 1, fixture_.Hyper("size"));
    options["uncond_weight"] = Json(uncond).dump();
    auto system = recipes::MakeSystem(
        "stackgan_pp", options,
        {batch_, batch_, 1, {{}, true}, {.vocabulary = 2, .embedding = fixture_.Hyper("TEXT")}});
    torch::NoGradGuard no_grad;
    for (const auto& part : system->Parts()) {
      if (part.name != "netD0") continue;
      for (auto [name, tensor] : part.tensors) {
        const auto own = name.substr(6);
        const auto recorded = fixture_.State(own);
        tensor.set_data(recorded);
      }
    }
    return system;
  }

  recipes::TreeStep MakeStep(const dataio::Batch& batch) {
    recipes::TreeStep step(batch, {});
    step.drawn.images = {fixture_.ImageLeaf("fake")};
    if (IsConditional(fixture_)) {
      step.drawn.mean = fixture_.Leaf("in.mu");
      step.drawn.logvar = torch::zeros_like(step.drawn.mean);
    }
    return step;
  }

  dataio::Batch MakeBatch() {
    dataio::Batch batch;
    const int64_t rows = fixture_.Hyper("batch");
    batch.rows = {0, rows, rows};
    batch.data().images = {fixture_.Image("real")};
    if (IsConditional(fixture_)) batch.data().wrong_images = {fixture_.Image("wrong")};
    return batch;
  }

  static torch::Tensor Sum(const recipes::LossTerms& terms) {
    torch::Tensor total;
    for (const auto& term : terms) total = total.defined() ? total + term.value : term.value;
    return total;
  }

  void GiveCritic(const recipes::System& system, const std::string& tag, bool gradients) {
    for (const auto& part : system.Parts())
      if (part.name == "netD0")
        for (const auto& [name, tensor] : part.tensors) {
          const auto own = name.substr(6);
          if (!tensor.requires_grad())
            fixture_.Give("out." + tag + "buffer." + own, tensor);
          else if (gradients && tensor.grad().defined())
            fixture_.Give("grad." + tag + "param." + own, tensor.grad());
        }
  }

  void DiscriminatorLoss(const std::string& name, double uncond, bool with_gradients) {
    const auto batch = MakeBatch();
    const auto system = MakeSystem(uncond);
    auto step = MakeStep(batch);
    const auto loss = Sum(system->Rounds()[0][0].loss(step));
    fixture_.Give(name, loss);
    if (!with_gradients) return;
    loss.backward();
    GiveCritic(*system, "errD.", true);
  }

  void GeneratorLoss() {
    const auto batch = MakeBatch();
    const auto system = MakeSystem(fixture_.Hyper<double>("UNCOND"));
    auto step = MakeStep(batch);
    const auto loss = Sum(system->Rounds()[1][0].loss(step));
    fixture_.Give("out.errG", loss);
    loss.backward();
    fixture_.Give("grad.errG.in.fake", step.drawn.images[0].grad());
    if (step.drawn.mean.defined()) fixture_.Give("grad.errG.in.mu", step.drawn.mean.grad());
    GiveCritic(*system, "errG.", false);
  }

  Fixture& fixture_;
  const DefaultDtype dtype_scope_{fixture_.dtype()};
  SoloBatch batch_;
};

OptionValues TreeTrainingOptionsOf(const Fixture& fixture) {
  auto options = TreeOptionsOf(fixture, "netD0.", fixture.Hyper("branch"), 64);
  for (const char* rate : {"g_rate", "d_rate"}) options[rate] = fixture.HyperText("lr");
  for (const size_t i : {0, 1}) options["beta" + std::to_string(i + 1)] = fixture.HyperText("betas", i);
  options["uncond_weight"] = fixture.HyperText("UNCOND_LOSS");
  options["colour_weight"] = fixture.HyperText("COLOR_LOSS");
  options["ema_decay"] = fixture.HyperText("ema");
  if (const auto every = fixture.Hyper("SNAPSHOT_INTERVAL"); every > 0) {
    options["fidelity"] = "released";
    options["snapshot_interval"] = std::to_string(every);
  }
  return options;
}

dataio::Batch TreeBatchOf(const Fixture& fixture, const std::string& it) {
  dataio::Batch batch;
  auto& data = batch.data();
  for (int64_t i = 0; i < fixture.Hyper("branch"); ++i) {
    data.images.push_back(fixture.Image(it + "real" + std::to_string(i)));
    if (IsConditional(fixture)) data.wrong_images.push_back(fixture.Image(it + "wrong" + std::to_string(i)));
  }
  if (IsConditional(fixture)) data.embeddings = fixture.Get("in." + it + "text_embedding");
  const int64_t rows = data.images[0].size(0);
  batch.rows = {0, rows, rows};
  return batch;
}

// What is drawn, and what the generator is when a preview is.
class TreeNoise {
 public:
  explicit TreeNoise(Fixture& fixture) : fixture_(fixture) {}

  torch::Tensor Of(const recipes::System& system, const std::string& it, std::string_view purpose) {
    if (purpose.starts_with("preview_")) return OfPreview(system, purpose);
    return fixture_.Get("in." + it + (purpose == "noise" ? "noise" : "eps"));
  }

 private:
  // Asked for between the average's taking and the preview, which is when the published code saves.
  torch::Tensor OfPreview(const recipes::System& system, std::string_view purpose) {
    if (purpose == "preview_noise") {
      GiveSnapshot(system, "out.snap" + std::to_string(snapshots_) + ".");
      return fixture_.Get("in.fixed_noise");
    }
    return fixture_.Get("in.snap" + std::to_string(snapshots_++) + ".eps");
  }

  void GiveSnapshot(const recipes::System& system, const std::string& prefix) {
    for (const auto& part : system.Parts()) {
      if (part.name != "netG") continue;
      for (const auto& [name, tensor] : part.tensors) {
        const auto own = name.substr(std::string("netG.").size());
        if (tensor.is_floating_point())
          fixture_.Give(prefix + "norm." + own, tensor.to(torch::kFloat64).norm());
        else
          fixture_.Give(prefix + own, tensor);
      }
    }
  }

  Fixture& fixture_;
  int64_t snapshots_ = 0;
};

void GiveTreeLosses(Fixture& fixture, const train::StepReport& report, const std::string& prefix) {
  torch::Tensor total;
  for (int64_t i = 0; i < fixture.Hyper("branch"); ++i) {
    const auto number = std::to_string(i), side = std::to_string(64 << i);
    const auto loss = TermsOf(report, "d" + side);
    total = total.defined() ? total + loss : loss;
    fixture.Give(prefix + "errD" + number, loss);
    fixture.Give(prefix + "g_loss" + number, TermsOf(report, "g", "cond" + side));
  }
  fixture.Give(prefix + "errD_total", total);
  fixture.Give(prefix + "errG_total", TermsOf(report, "g"));
  for (const char* name : {"like_mu2", "like_cov2", "like_mu1", "like_cov1"})
    if (const auto term = TermsOf(report, "g", name); term.defined()) fixture.Give(prefix + name, term);
  if (const auto kl = TermsOf(report, "g", "kl"); kl.defined()) fixture.Give(prefix + "kl_loss", kl);
}

}  // namespace

void ReplayTreeGenerator(Fixture& fixture) {
  auto generator = MakeTree(fixture);
  ReplayTreeTraining(fixture, generator);
  fixture.Load(*generator);
  generator->eval();
  GiveImages(fixture, "out.eval.fake_img", generator(TreeInputOf(fixture)).images);
  if (IsConditional(fixture)) ReplayTreeKl(fixture, generator);
}

void ReplayTreeCritic(Fixture& fixture) {
  TreeCriticReplay(fixture).Run();
  TreeLossReplay(fixture).Run();
}

void ReplayColourLoss(Fixture& fixture) {
  std::vector<torch::Tensor> images;
  for (int i = 0; i < 3; ++i) {
    const auto number = std::to_string(i);
    images.push_back(fixture.ImageLeaf("fake" + number));
    const auto [mean, covariance] = losses::ColourStatistics(images.back());
    fixture.Give("out.mean" + number, mean.unsqueeze(-1).unsqueeze(-1));
    fixture.Give("out.cov" + number, covariance);
  }
  WholeBatch batch(fixture.Hyper("batch"));
  torch::Tensor total;
  for (const auto& term : losses::ColourConsistency(images, batch.scope())) {
    const auto value = term.value * fixture.Hyper<double>("COLOR_LOSS");
    fixture.Give("out." + term.name, value);
    total = total.defined() ? total + value : value;
  }
  fixture.Give("out.total", total);
  total.backward();
  for (int i = 1; i < 3; ++i)
    fixture.Give("grad.in.fake" + std::to_string(i), images[static_cast<size_t>(i)].grad());
}

void ReplayTreeTrajectory(Fixture& fixture) {
  TreeNoise noise(fixture);
  ReplayLoop(fixture,
             {.system = "stackgan_pp",
              .options = TreeTrainingOptionsOf(fixture),
              .data = {.vocabulary = 2, .embedding = fixture.Hyper("TEXT")},
              .looks = {.prepared = LookAt<recipes::TreeStep>(
                            [](const recipes::TreeStep& step) { return FakesIn(step.drawn.images); })},
              .batch = [&](const std::string& it) { return TreeBatchOf(fixture, it); },
              .drawn = [&](const recipes::System& system, const std::string& it,
                           std::string_view purpose) { return noise.Of(system, it, purpose); },
              .other_losses = [&](const train::StepReport& report,
                                  const std::string& prefix) { GiveTreeLosses(fixture, report, prefix); }});
}

}  // namespace helio::parity
