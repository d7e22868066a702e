// CycleGAN's networks, losses, image pool, schedule and recorded training loop (family/FIXTURES.md section
// 3.3).
#include "src/recipes/cyclegan.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"
#include "tests/parity/trajectory.h"
#include "tests/support/default_dtype.h"

namespace helio::parity {
namespace {

// Biases in front of an instance norm: without effect, their gradients are rounding. Not recorded.
bool IsCompared(const Json& without_effect, const std::string& name) {
  return std::ranges::find(without_effect, Json(name)) == without_effect.end();
}

void GiveComparedGradients(Fixture& fixture, const torch::nn::Module& net, const std::string& tag) {
  const auto without_effect = fixture.Hyper<Json>("zero_gradient_params");
  for (const auto& parameter : net.named_parameters())
    if (IsCompared(without_effect, parameter.key()))
      fixture.Give("grad." + tag + "param." + parameter.key(), parameter.value().grad());
}

losses::PatchLoss KindOf(const std::string& name) {
  return name == "lsgan" ? losses::PatchLoss::kLeastSquares : losses::PatchLoss::kCrossEntropy;
}

class PatchCriticReplay {
 public:
  explicit PatchCriticReplay(Fixture& fixture)
      : fixture_(fixture),
        net_(nn::PatchCriticOptions{.df = fixture.Get("param.model.0.weight").size(0)}),
        batch_(fixture.Hyper("batch")) {}

  void Run() {
    Logits();
    for (const char* kind : {"lsgan", "vanilla"}) {
      DiscriminatorLoss(kind);
      GeneratorLoss(kind);
    }
  }

 private:
  void Start() {
    fixture_.Load(*net_);
    net_->zero_grad();
  }

  torch::Tensor AdversarialLoss(const torch::Tensor& images, double label, const std::string& kind) {
    return losses::PatchGanLoss(net_(images), label, KindOf(kind), batch_.scope());
  }

  void Logits() {
    Start();
    const auto real = fixture_.ImageLeaf("real");
    const auto logits = net_(real);
    fixture_.Give("out.logits", logits);
    fixture_.Pull("logits", logits).backward();
    fixture_.Give("grad.logits.in.real", real.grad());
    GiveComparedGradients(fixture_, *net_, "logits.");
  }

  void DiscriminatorLoss(const std::string& kind) {
    Start();
    const auto loss = 0.5 * (AdversarialLoss(fixture_.Image("real"), 1, kind) +
                             AdversarialLoss(fixture_.Image("fake"), 0, kind));
    fixture_.Give("out." + kind + ".loss_D", loss);
    loss.backward();
    GiveComparedGradients(fixture_, *net_, kind + ".D.");
  }

  void GeneratorLoss(const std::string& kind) {
    Start();
    const auto fake = fixture_.ImageLeaf("fake");
    const auto loss = AdversarialLoss(fake, 1, kind);
    fixture_.Give("out." + kind + ".loss_G", loss);
    loss.backward();
    fixture_.Give("grad." + kind + ".G.in.fake", fake.grad());
  }

  Fixture& fixture_;
  nn::PatchCritic net_;
  WholeBatch batch_;
};

// The rate that the schedule's factors were applied to: of each iteration what came of it was recorded.
std::string RateOf(const Fixture& fixture) {
  recipes::DecayOptions decay;
  decay.fidelity = recipes::Fidelity::kReleased;
  decay.n_epochs = fixture.Hyper("n_epochs");
  decay.n_epochs_decay = fixture.Hyper("n_epochs_decay");
  return Json(fixture.Hyper<std::vector<double>>("lr_per_iteration").at(0) / decay.FactorOf(0)).dump();
}

OptionValues CycleGanOptionsOf(const Fixture& fixture) {
  const auto rate = RateOf(fixture);
  return {{"side", fixture.HyperText("size")},
          {"g_rate", rate},
          {"d_rate", rate},
          {"gf", fixture.HyperText("NGF")},
          {"df", fixture.HyperText("NDF")},
          {"residual_blocks", fixture.HyperText("n_blocks")},
          {"pool_size", fixture.HyperText("pool_size")},
          {"lambda_a", fixture.HyperText("lambda_A")},
          {"lambda_b", fixture.HyperText("lambda_B")},
          {"lambda_identity", fixture.HyperText("lambda_identity")},
          {"n_epochs", fixture.HyperText("n_epochs")},
          {"n_epochs_decay", fixture.HyperText("n_epochs_decay")},
          {"beta1", fixture.HyperText("betas", 0)},
          {"beta2", fixture.HyperText("betas", 1)},
          {"fidelity", "released"}};
}

// What a step holds once the generators' loss is built.
Watched::Seen PicturesOf(const recipes::CycleGanStep& step) {
  Watched::Seen seen{.values = {{"fake_A", step.fake_a},
                                {"fake_B", step.fake_b},
                                {"rec_A", step.back_a},
                                {"rec_B", step.back_b},
                                {"pooled_fake_A", step.pooled_a},
                                {"pooled_fake_B", step.pooled_b}}};
  if (step.same_a.defined()) Append(seen.values, {{"idt_A", step.same_a}, {"idt_B", step.same_b}});
  return seen;
}

// The published code logs an identity loss that it does not have as 0.
void GiveNoIdentity(Fixture& fixture, const train::StepReport& report, const std::string& prefix) {
  if (TermsOf(report, "g", "identity_a").defined()) return;
  for (const char* name : {"loss_idt_A", "loss_idt_B"})
    fixture.Give(prefix + name, torch::zeros({}, torch::kFloat64));
}

dataio::Batch CycleGanBatchOf(const Fixture& fixture, const std::string& it) {
  dataio::Batch batch;
  const int64_t rows = fixture.Hyper("batch");
  batch.rows = {0, rows, rows};
  batch.domains.resize(2);
  batch.domains[0].images = {fixture.Image(it + "real_A")};
  batch.domains[1].images = {fixture.Image(it + "real_B")};
  return batch;
}

// A pool's: whether a row is exchanged, and for which.
torch::Tensor PoolChances(const Fixture& fixture, const std::string& it, std::string_view purpose) {
  const std::string fake = purpose == "pool_a" ? "fake_A." : "fake_B.";
  const auto place = fixture.Get("in." + it + fake + "draw_id").to(fixture.dtype());
  return torch::stack({fixture.Get("in." + it + fake + "draw_p"), place}, 1);
}

LossNames CycleGanLosses() {
  return {.terms = {{"g.adversarial_a", "loss_G_A"},
                    {"g.adversarial_b", "loss_G_B"},
                    {"g.cycle_a", "loss_cycle_A"},
                    {"g.cycle_b", "loss_cycle_B"},
                    {"g.identity_a", "loss_idt_A"},
                    {"g.identity_b", "loss_idt_B"}},
          .phases = {{"g", "loss_G"}, {"d_a", "loss_D_A"}, {"d_b", "loss_D_B"}}};
}

}  // namespace

void ReplayTranslator(Fixture& fixture) {
  nn::Translator generator(
      nn::TranslatorOptions{fixture.Get("param.model.1.weight").size(0), fixture.Hyper("n_blocks")});
  fixture.Load(*generator);
  for (const bool training : {false, true}) {
    generator->train(training);
    const auto real = fixture.ImageLeaf("real");
    const auto fake = generator(real);
    fixture.Give(training ? "out.train.fake" : "out.eval.fake", fake);
    if (!training) continue;
    fixture.Pull("fake", fake).backward();
    fixture.Give("grad.in.real", real.grad());
    GiveComparedGradients(fixture, *generator, "");
  }
}

void ReplayPatchCritic(Fixture& fixture) { PatchCriticReplay(fixture).Run(); }

void ReplayImagePool(Fixture& fixture) {
  const DefaultDtype dtype(fixture.dtype());
  const auto shape = fixture.Get("in.q0.images").sizes().slice(1).vec();
  recipes::ImagePool pool(fixture.Hyper("pool_size"), shape);
  for (auto& [name, tensor] : pool.State("")) tensor.set_data(tensor.to(fixture.device()));
  const auto p = fixture.Get("in.draw_p").cpu(), place = fixture.Get("in.draw_id").cpu();
  int64_t first = 0;
  std::vector<int64_t> decisions;
  for (size_t query = 0; query < fixture.Hyper<Json>("query_sizes").size(); ++query) {
    const auto name = "q" + std::to_string(query) + ".images";
    const auto images = fixture.Get("in." + name);
    decisions.resize(static_cast<size_t>(first + images.size(0)), 0);
    const auto shown = pool.Exchange(images, [&](int64_t row) -> recipes::ImagePool::Chance {
      const auto drawn = p[first + row].item<double>();
      // The published code draws only once its pool is full.
      if (first + row >= pool.size()) decisions[static_cast<size_t>(first + row)] = drawn > 0.5 ? 1 : 2;
      return {drawn, place[first + row].item<int64_t>()};
    });
    fixture.Give("out." + name, shown);
    first += images.size(0);
  }
  recipes::ImagePool none(0, shape);
  fixture.Give("out.pool0.images", none.Exchange(fixture.Get("in.pool0.images"), {}));
  fixture.Give("out.decision", torch::tensor(decisions, torch::kInt64));
  const auto stored = pool.State("")[0].second;
  for (int64_t i = 0; i < pool.size(); ++i)
    fixture.Give("out.pool" + std::to_string(i), stored.narrow(0, i, 1));
}

void ReplayDecay(Fixture& fixture) {
  for (const auto& config : fixture.Hyper<Json>("configs")) {
    recipes::DecayOptions options;
    options.lr_policy = ValueIn(recipes::kDecayPolicies, config.at("policy").get<std::string>()).value();
    options.n_epochs = config.at("n_epochs");
    options.n_epochs_decay = config.at("n_epochs_decay");
    options.lr_decay_epochs = config.at("lr_decay_iters");
    options.fidelity =
        config.at("update") == "before" ? recipes::Fidelity::kReleased : recipes::Fidelity::kCorrected;
    std::vector<double> rates;
    for (int64_t epoch = config.at("epoch_count"); epoch <= options.n_epochs + options.n_epochs_decay;
         ++epoch)
      rates.push_back(config.at("lr").get<double>() * options.FactorOf(epoch - 1));
    fixture.Give("out." + config.at("key").get<std::string>(), torch::tensor(rates, torch::kFloat64));
  }
}

void ReplayCycleGanTrajectory(Fixture& fixture) {
  ReplayLoop(fixture,
             {.system = "cyclegan",
              .options = CycleGanOptionsOf(fixture),
              .data = {},
              .rate_factor = 0,
              .looks = {.phase = "g", .computed = LookAt<recipes::CycleGanStep>(PicturesOf)},
              .batch = [&](const std::string& it) { return CycleGanBatchOf(fixture, it); },
              .drawn = [&](const recipes::System&, const std::string& it,
                           std::string_view purpose) { return PoolChances(fixture, it, purpose); },
              .losses = CycleGanLosses(),
              .other_losses = [&](const train::StepReport& report,
                                  const std::string& prefix) { GiveNoIdentity(fixture, report, prefix); }});
}

}  // namespace helio::parity
