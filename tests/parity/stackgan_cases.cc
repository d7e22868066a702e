// StackGAN's networks, losses and recorded training loops (family/FIXTURES.md section 3.1).
#include "src/losses/adversarial.h"
#include "src/losses/kl.h"
#include "src/recipes/stackgan.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"
#include "tests/parity/trajectory.h"

namespace helio::parity {
namespace {

bool IsStage2(const Fixture& fixture) { return fixture.Metadata("case").find('2') != std::string::npos; }

nn::StackGanOptions NetworkOf(const Fixture& fixture, const std::string& prefix) {
  return {.embedding = fixture.Hyper("TEXT"),
          .condition = fixture.Hyper("COND"),
          .z = fixture.Hyper("Z"),
          .gf = fixture.Get("param." + prefix + "fc.1.weight").size(0) / 128,
          .residual_blocks = fixture.Hyper("R_NUM"),
          .side = 64};
}

std::shared_ptr<nn::StackGanGeneratorImpl> MakeStackGanGenerator(const Fixture& fixture) {
  if (IsStage2(fixture)) return std::make_shared<nn::StackGanStage2Impl>(NetworkOf(fixture, "STAGE1_G."));
  return std::make_shared<nn::StackGanStage1Impl>(NetworkOf(fixture, ""));
}

nn::StackGanInput StackGanInputOf(const Fixture& fixture) {
  const bool second = IsStage2(fixture);
  return {.sentence = fixture.Leaf("in.text_embedding"),
          .noise = second ? fixture.Get("in.noise") : fixture.Leaf("in.noise"),
          .condition_noise = fixture.Get("in.eps"),
          .stage1_condition_noise = second ? fixture.Get("in.eps_stage1") : torch::Tensor()};
}

void ReplayStackGanTraining(Fixture& fixture, nn::StackGanGeneratorImpl& generator) {
  fixture.Load(generator);
  generator.train();
  const auto input = StackGanInputOf(fixture);
  const auto output = generator.forward(input);
  fixture.Give("out.train.fake_img", output.image);
  fixture.Give("out.train.mu", output.mean);
  fixture.Give("out.train.logvar", output.logvar);
  if (output.first.defined()) fixture.Give("out.train.stage1_img", output.first);
  (fixture.Pull("fake_img", output.image) + fixture.Pull("mu", output.mean) +
   fixture.Pull("logvar", output.logvar))
      .backward();
  fixture.Give("grad.in.text_embedding", input.sentence.grad());
  if (input.noise.requires_grad()) fixture.Give("grad.in.noise", input.noise.grad());
  fixture.GiveGradients(generator);
  fixture.GiveBuffers(generator, "train.");
}

void ReplayStackGanDrawing(Fixture& fixture, nn::StackGanGeneratorImpl& generator) {
  const torch::NoGradGuard no_grad;
  fixture.Load(generator);
  generator.eval();
  const auto output = generator.forward(StackGanInputOf(fixture));
  fixture.Give("out.eval.fake_img", output.image);
  if (output.first.defined()) fixture.Give("out.eval.stage1_img", output.first);
}

void ReplayKl(Fixture& fixture, nn::StackGanGeneratorImpl& generator) {
  if (!fixture.Has("out.kl_loss")) return;
  generator.train();
  generator.zero_grad();
  const auto input = StackGanInputOf(fixture);
  const auto output = generator.forward(input);
  WholeBatch batch(fixture.Hyper("batch"));
  const auto loss = losses::KlLoss(output.mean, output.logvar, batch.scope());
  fixture.Give("out.kl_loss", loss);
  loss.backward();
  fixture.Give("grad.kl.in.text_embedding", input.sentence.grad());
  fixture.GiveGradients(generator, "kl.");
}

torch::Tensor Sum(const losses::LossTerms& terms) {
  torch::Tensor total;
  for (const auto& term : terms) total = total.defined() ? total + term.value : term.value;
  return total;
}

// What the published code logs of a discriminator's loss, out of our weighted terms.
void GiveLogged(Fixture& fixture, const std::string& prefix, const losses::LossTerms& terms) {
  std::map<std::string, torch::Tensor> of;
  for (const auto& term : terms) of[term.name] = term.value;
  const bool both = of.contains("real_uncond");
  fixture.Give(prefix + "errD", Sum(terms));
  fixture.Give(prefix + "errD_real", both ? of["real_cond"] + of["real_uncond"] : of["real_cond"]);
  fixture.Give(prefix + "errD_wrong", of["wrong_cond"] * (both ? 3 : 2));
  fixture.Give(prefix + "errD_fake",
               both ? (of["fake_cond"] + of["fake_uncond"]) * 1.5 : of["fake_cond"] * 2);
}

class CriticReplay {
 public:
  explicit CriticReplay(Fixture& fixture)
      : fixture_(fixture),
        net_(nn::StackGanCriticOptions{.df = fixture.Get("param.encode_img.0.weight").size(0),
                                       .condition = fixture.Hyper("COND"),
                                       .side = fixture.Hyper("size"),
                                       .unconditional = IsStage2(fixture)}),
        batch_(fixture.Hyper("batch")) {}

  void Run() {
    Logits();
    Evaluation();
    DiscriminatorLoss();
    GeneratorLoss();
  }

 private:
  void Start(bool training) {
    fixture_.Load(*net_);
    net_->train(training);
    net_->zero_grad();
  }

  void Logits() {
    Start(true);
    const auto real = fixture_.ImageLeaf("real"), mu = fixture_.Leaf("in.mu");
    const auto features = net_->Features({real})[0];
    const auto conditional = net_->Conditional({{features, mu}})[0].sigmoid();
    fixture_.Give("out.train.features", features);
    fixture_.Give("out.train.cond_logits", conditional);
    auto pulled = fixture_.Pull("features", features) + fixture_.Pull("cond_logits", conditional);
    if (net_->has_unconditional()) {
      const auto unconditional = net_->Unconditional(features).sigmoid();
      fixture_.Give("out.train.uncond_logits", unconditional);
      pulled = pulled + fixture_.Pull("uncond_logits", unconditional);
    }
    pulled.backward();
    fixture_.Give("grad.logits.in.real", real.grad());
    fixture_.Give("grad.logits.in.mu", mu.grad());
    fixture_.GiveGradients(*net_, "logits.");
    fixture_.GiveBuffers(*net_, "train.");
  }

  void Evaluation() {
    const torch::NoGradGuard no_grad;
    Start(false);
    const auto features = net_->Features({fixture_.Image("real")})[0];
    fixture_.Give("out.eval.features", features);
    fixture_.Give("out.eval.cond_logits",
                  net_->Conditional({{features, fixture_.Get("in.mu")}})[0].sigmoid());
    if (net_->has_unconditional())
      fixture_.Give("out.eval.uncond_logits", net_->Unconditional(features).sigmoid());
  }

  void DiscriminatorLoss() {
    Start(true);
    const auto terms =
        losses::DiscriminatorLoss(*net_, fixture_.Image("real"), fixture_.Image("fake"),
                                  fixture_.Get("in.mu"), batch_.scope(), losses::HeadOrder::kRealWrongFake);
    GiveLogged(fixture_, "out.", terms);
    Sum(terms).backward();
    fixture_.GiveGradients(*net_, "errD.");
    fixture_.GiveBuffers(*net_, "errD.");
  }

  void GeneratorLoss() {
    Start(true);
    const auto fake = fixture_.ImageLeaf("fake");
    const auto loss = Sum(losses::GeneratorLoss(*net_, fake, fixture_.Get("in.mu"), batch_.scope()));
    fixture_.Give("out.errG", loss);
    loss.backward();
    fixture_.Give("grad.errG.in.fake", fake.grad());
    fixture_.GiveBuffers(*net_, "errG.");
  }

  Fixture& fixture_;
  nn::StackGanCritic net_;
  WholeBatch batch_;
};

OptionValues StackGanOptionsOf(const Fixture& fixture) {
  const auto number = [](int64_t value) { return std::to_string(value); };
  const auto rate = fixture.HyperText("lr_per_iteration", 0);
  return {{"base_side", "64"},
          {"g_rate", rate},
          {"d_rate", rate},
          {"beta1", fixture.HyperText("betas", 0)},
          {"beta2", fixture.HyperText("betas", 1)},
          {"gf", number(NetworkOf(fixture, IsStage2(fixture) ? "netG.STAGE1_G." : "netG.").gf)},
          {"df", number(fixture.Get("param.netD.encode_img.0.weight").size(0))},
          {"z", number(fixture.Hyper("Z"))},
          {"condition", number(fixture.Hyper("COND"))},
          {"residual_blocks", number(fixture.Hyper("R_NUM"))},
          {"kl_weight", fixture.HyperText("KL")},
          {"decay_epochs", "2"}};
}

Watched::Seen StackGanFakeOf(const recipes::StackGanStep& step) {
  return {.values = {{"fake", step.drawn.image}}};
}

dataio::Batch StackGanBatchOf(const Fixture& fixture, const std::string& it) {
  dataio::Batch batch;
  batch.data().embeddings = fixture.Get("in." + it + "text_embedding");
  batch.data().images = {fixture.Image(it + "real")};
  const int64_t rows = batch.data().embeddings.size(0);
  batch.rows = {0, rows, rows};
  return batch;
}

torch::Tensor StackGanNoiseOf(const Fixture& fixture, const std::string& it, std::string_view purpose) {
  const char* recorded = purpose == "noise" ? "noise" : purpose == "condition_noise" ? "eps" : "eps_stage1";
  return fixture.Get("in." + it + recorded);
}

void GiveStackGanLosses(Fixture& fixture, const train::StepReport& report, const std::string& prefix) {
  losses::LossTerms d, g;
  torch::Tensor kl;
  for (const auto& term : report.terms) {
    if (term.name == "kl")
      kl = term.value;
    else
      (term.phase == "d" ? d : g).push_back({term.name, term.value});
  }
  GiveLogged(fixture, prefix, d);
  fixture.Give(prefix + "errG", Sum(g));
  fixture.Give(prefix + "kl_loss", kl / fixture.Hyper<double>("KL"));
  fixture.Give(prefix + "errG_total", Sum(g) + kl);
}

}  // namespace

void ReplayStackGanGenerator(Fixture& fixture) {
  const auto generator = MakeStackGanGenerator(fixture);
  ReplayStackGanTraining(fixture, *generator);
  ReplayStackGanDrawing(fixture, *generator);
  fixture.Load(*generator);
  ReplayKl(fixture, *generator);
}

void ReplayStackGanCritic(Fixture& fixture) { CriticReplay(fixture).Run(); }

void ReplayStackGanTrajectory(Fixture& fixture) {
  ReplayLoop(
      fixture,
      {.system = IsStage2(fixture) ? "stackgan2" : "stackgan1",
       .options = StackGanOptionsOf(fixture),
       .data = {.vocabulary = 2, .embedding = fixture.Hyper("TEXT")},
       .steps_per_epoch = 2,
       .looks = {.prepared = LookAt<recipes::StackGanStep>(StackGanFakeOf)},
       .batch = [&](const std::string& it) { return StackGanBatchOf(fixture, it); },
       .drawn = [&](const recipes::System&, const std::string& it,
                    std::string_view purpose) { return StackGanNoiseOf(fixture, it, purpose); },
       .other_losses = [&](const train::StepReport& report,
                           const std::string& prefix) { GiveStackGanLosses(fixture, report, prefix); }});
}

}  // namespace helio::parity
