// CycleGAN's networks, losses, image pool, schedule and recorded training loop (family/FIXTURES.md section
// 3.3).
#include "cluster/solo_communicator.h"
#include "src/recipes/cyclegan.h"
#include "src/recipes/registry.h"
#include "src/train/trainer.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"
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
  return name == "lsgan" ? losses::PatchLoss::kSquares : losses::PatchLoss::kCrossEntropy;
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

  torch::Tensor Against(const torch::Tensor& images, double label, const std::string& kind) {
    return losses::PatchesAgainst(net_(images), label, KindOf(kind), batch_.scope());
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
    const auto loss =
        0.5 * (Against(fixture_.Image("real"), 1, kind) + Against(fixture_.Image("fake"), 0, kind));
    fixture_.Give("out." + kind + ".loss_D", loss);
    loss.backward();
    GiveComparedGradients(fixture_, *net_, kind + ".D.");
  }

  void GeneratorLoss(const std::string& kind) {
    Start();
    const auto fake = fixture_.ImageLeaf("fake");
    const auto loss = Against(fake, 1, kind);
    fixture_.Give("out." + kind + ".loss_G", loss);
    loss.backward();
    fixture_.Give("grad." + kind + ".G.in.fake", fake.grad());
  }

  Fixture& fixture_;
  nn::PatchCritic net_;
  WholeBatch batch_;
};

// The system under test, and a look at what its steps hold once the generators' loss is built.
class WatchedCycleGan : public recipes::System {
 public:
  using Look = std::function<void(const recipes::CycleGanStep&)>;

  explicit WatchedCycleGan(std::unique_ptr<recipes::System> system) : system_(std::move(system)) {}
  std::vector<dataio::DomainNeeds> Needs() const override { return system_->Needs(); }
  std::vector<recipes::Part> Parts() const override { return system_->Parts(); }
  std::unique_ptr<recipes::Step> Prepare(const dataio::Batch& batch,
                                         const recipes::StepContext& context) override {
    return system_->Prepare(batch, context);
  }
  std::vector<recipes::Round> Rounds() override {
    auto rounds = system_->Rounds();
    for (auto& round : rounds)
      for (auto& phase : round)
        if (phase.name == "g")
          phase.loss = [this, loss = phase.loss](recipes::Step& step) {
            auto terms = loss(step);
            look(static_cast<const recipes::CycleGanStep&>(step));
            return terms;
          };
    return rounds;
  }

  Look look;

 private:
  const std::unique_ptr<recipes::System> system_;
};

class CycleGanTrajectory {
 public:
  explicit CycleGanTrajectory(Fixture& fixture)
      : fixture_(fixture),
        communicator_(cluster::MakeSoloCommunicator({.device = fixture.device()})),
        system_(MakeSystem()),
        trainer_(system_, *communicator_, {.precision = fixture.precision()}) {}

  void Run() {
    for (int64_t step = 0; step < fixture_.Hyper("iters"); ++step)
      Step(step, "it" + std::to_string(step) + ".");
    for (const auto& [name, tensor] : Compared()) {
      fixture_.Give("out.final.param." + name, tensor);
      fixture_.Give("out.final.norm." + name, tensor.to(torch::kFloat64).norm());
    }
  }

 private:
  std::unique_ptr<recipes::System> MakeSystem() {
    const auto hyper = [&](const char* name) { return fixture_.Hyper<Json>(name).dump(); };
    const OptionValues options{{"side", hyper("size")},
                               {"gf", hyper("NGF")},
                               {"df", hyper("NDF")},
                               {"residual_blocks", hyper("n_blocks")},
                               {"pool_size", hyper("pool_size")},
                               {"lambda_a", hyper("lambda_A")},
                               {"lambda_b", hyper("lambda_B")},
                               {"lambda_identity", hyper("lambda_identity")},
                               {"n_epochs", hyper("n_epochs")},
                               {"n_epochs_decay", hyper("n_epochs_decay")},
                               {"fidelity", "released"}};
    auto system = recipes::MakeSystem("cyclegan", options, {batch_, batch_, 1, {}, {}});
    torch::NoGradGuard no_grad;
    for (auto [name, tensor] : recipes::TensorsOf(*system, recipes::Role::kTrained))
      tensor.copy_(fixture_.Get("param." + name));
    return system;
  }

  NamedTensors Compared() const {
    const auto without_effect = fixture_.Hyper<Json>("zero_gradient_params");
    NamedTensors compared;
    for (const auto& [name, tensor] : recipes::TensorsOf(system_, recipes::Role::kTrained)) {
      const auto part = name.substr(0, name.find('.') + 1);
      if (IsCompared(without_effect.at(part), name.substr(part.size()))) compared.emplace_back(name, tensor);
    }
    return compared;
  }

  void Step(int64_t number, const std::string& step) {
    dataio::Batch batch;
    const int64_t rows = fixture_.Hyper("batch");
    batch.rows = {0, rows, rows};
    batch.domains.resize(2);
    batch.domains[0].images = {fixture_.Image(step + "real_A")};
    batch.domains[1].images = {fixture_.Image(step + "real_B")};
    recipes::StepContext context{.step = number, .device = fixture_.device(), .dtype = fixture_.dtype()};
    context.noise = [&](std::string_view purpose) {
      const std::string fake = purpose == "pool_a" ? "fake_A." : "fake_B.";
      const auto place = fixture_.Get("in." + step + fake + "draw_id").to(fixture_.dtype());
      return torch::stack({fixture_.Get("in." + step + fake + "draw_p"), place}, 1);
    };
    system_.look = [&](const recipes::CycleGanStep& values) { GivePictures(values, "out." + step); };
    const auto report = trainer_.Step(batch, context, /*rate_factor=*/0);
    CHECK_EQ(report.skipped(), 0);
    GiveLosses(report, "out." + step);
    if (number == 0)
      for (const auto& [name, tensor] : Compared())
        fixture_.Give("grad." + step + "param." + name, tensor.grad());
  }

  void GivePictures(const recipes::CycleGanStep& values, const std::string& prefix) {
    for (const auto& [name, pictures] : {std::pair{"fake_A", values.fake_a},
                                         {"fake_B", values.fake_b},
                                         {"rec_A", values.back_a},
                                         {"rec_B", values.back_b},
                                         {"idt_A", values.same_a},
                                         {"idt_B", values.same_b},
                                         {"pooled_fake_A", values.pooled_a},
                                         {"pooled_fake_B", values.pooled_b}})
      fixture_.Give(prefix + name, pictures);
  }

  void GiveLosses(const train::StepReport& report, const std::string& prefix) {
    static const auto& names = *new std::map<std::string, std::string>{
        {"adversarial_a", "G_A"}, {"adversarial_b", "G_B"}, {"cycle_a", "cycle_A"},
        {"cycle_b", "cycle_B"},   {"identity_a", "idt_A"},  {"identity_b", "idt_B"}};
    std::map<std::string, torch::Tensor> sums;
    for (const auto& term : report.terms) {
      auto& sum = sums[term.phase == "g" ? "G" : term.phase == "d_a" ? "D_A" : "D_B"];
      sum = sum.defined() ? sum + term.value : term.value;
      if (term.phase == "g") fixture_.Give(prefix + "loss_" + names.at(term.name), term.value);
    }
    for (const auto& [name, value] : sums) fixture_.Give(prefix + "loss_" + name, value);
  }

  Fixture& fixture_;
  const testing::DefaultDtype dtype_scope_{fixture_.dtype()};
  SoloBatch batch_;
  const std::unique_ptr<cluster::Communicator> communicator_;
  WatchedCycleGan system_;
  train::Trainer trainer_;
};

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
  const testing::DefaultDtype dtype(fixture.dtype());
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
    options.lr_policy = config.at("policy").get<std::string>();
    options.n_epochs = config.at("n_epochs");
    options.n_epochs_decay = config.at("n_epochs_decay");
    options.lr_decay_epochs = config.at("lr_decay_iters");
    options.fidelity = config.at("update") == "before" ? "released" : "corrected";
    std::vector<double> rates;
    for (int64_t epoch = config.at("epoch_count"); epoch <= options.n_epochs + options.n_epochs_decay;
         ++epoch)
      rates.push_back(config.at("lr").get<double>() * options.FactorOf(epoch - 1));
    fixture.Give("out." + config.at("key").get<std::string>(), torch::tensor(rates, torch::kFloat64));
  }
}

void ReplayCycleGanTrajectory(Fixture& fixture) { CycleGanTrajectory(fixture).Run(); }

}  // namespace helio::parity
