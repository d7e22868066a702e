// GAN-INT-CLS's networks, losses and recorded training loops (family/ANCESTORS.md).
#include "cluster/solo_communicator.h"
#include "src/losses/adversarial.h"
#include "src/recipes/gan_int_cls.h"
#include "src/recipes/registry.h"
#include "src/train/trainer.h"
#include "tests/parity/cases.h"
#include "tests/parity/watched.h"
#include "tests/support/default_dtype.h"

namespace helio::parity {
namespace {

bool IsOfCoco(const Fixture& fixture) { return fixture.Metadata("case").ends_with("_coco"); }

nn::IntClsGenerator MakeIntClsGenerator(const Fixture& fixture) {
  return nn::IntClsGenerator(nn::IntClsGeneratorOptions{.embedding = fixture.Hyper("TXT"),
                                                        .projection = fixture.Hyper("NT"),
                                                        .z = fixture.Hyper("NZ"),
                                                        .gf = fixture.Hyper("NGF")});
}

torch::Tensor MeanSentence(const Fixture& fixture, const std::string& step = "") {
  return fixture.Get("in." + step + "caption_embeddings").mean(1);
}

class IntClsCriticReplay {
 public:
  explicit IntClsCriticReplay(Fixture& fixture)
      : fixture_(fixture),
        net_(nn::IntClsCriticOptions{.embedding = fixture.Hyper("TXT"),
                                     .projection = fixture.Hyper("NT"),
                                     .df = fixture.Hyper("NDF"),
                                     .coco = IsOfCoco(fixture)}) {}

  void Run() {
    fixture_.Give("out.txt", MeanSentence(fixture_));
    Training();
    Loss();
    const torch::NoGradGuard no_grad;
    Start(false);
    fixture_.Give("out.eval.p_real", Probabilities({fixture_.Image("real")}, MeanSentence(fixture_)).front());
  }

 private:
  void Start(bool training) {
    fixture_.Load(*net_);
    net_->train(training);
    net_->zero_grad();
  }

  std::vector<torch::Tensor> Probabilities(const std::vector<torch::Tensor>& images,
                                           const torch::Tensor& sentence) {
    std::vector<nn::Critic::Pair> pairs;
    for (const auto& features : net_->Features(images)) pairs.emplace_back(features, sentence);
    auto logits = net_->Conditional(pairs);
    for (auto& one : logits) one = one.sigmoid();
    return logits;
  }

  void Training() {
    Start(true);
    const auto real = fixture_.ImageLeaf("real"), sentence = MeanSentence(fixture_).requires_grad_();
    const auto probability = Probabilities({real}, sentence).front();
    fixture_.Give("out.train.p_real", probability);
    fixture_.Pull("p_real", probability).backward();
    fixture_.Give("grad.p.in.real", real.grad());
    fixture_.Give("grad.p.in.txt", sentence.grad());
    fixture_.GiveBuffers(*net_, "train.");
  }

  void Loss() {
    Start(true);
    const auto p = Probabilities({fixture_.Image("real"), fixture_.Image("wrong"), fixture_.Image("fake")},
                                 MeanSentence(fixture_));
    const auto weight = fixture_.Hyper<double>("CLS");
    const auto real = losses::Torch7CrossEntropy(p[0], 1).mean(),
               wrong = losses::Torch7CrossEntropy(p[1], 0).mean() * weight,
               fake = losses::Torch7CrossEntropy(p[2], 0).mean() * (1 - weight), all = real + wrong + fake;
    fixture_.Give("out.errD_real", real);
    fixture_.Give("out.errD_wrong", wrong);
    fixture_.Give("out.errD_fake", fake);
    fixture_.Give("out.errD", all);
    all.backward();
    fixture_.GiveGradients(*net_, "errD.");
    fixture_.GiveBuffers(*net_, "errD.");
  }

  Fixture& fixture_;
  nn::IntClsCritic net_;
};

// The system, with a look at what its generator's own step draws.
class WatchedIntCls : public Watched {
 public:
  explicit WatchedIntCls(std::unique_ptr<recipes::System> system)
      : Watched(std::move(system), [](const recipes::Step& step) {
          return std::vector{static_cast<const recipes::GanIntClsStep&>(step).fake};
        }) {}

  std::vector<recipes::Round> Rounds() override {
    auto rounds = Watched::Rounds();
    for (auto& round : rounds)
      for (auto& phase : round) {
        if (phase.name != "g") continue;
        phase.loss = [this, loss = phase.loss](recipes::Step& step) {
          imagined = static_cast<recipes::GanIntClsStep&>(step).imagined.detach();
          return loss(step);
        };
      }
    return rounds;
  }

  torch::Tensor imagined;
};

// The training loop, by what a user runs: MakeSystem and Trainer.
class IntClsTrajectory {
 public:
  explicit IntClsTrajectory(Fixture& fixture)
      : fixture_(fixture),
        communicator_(cluster::MakeSoloCommunicator({.device = fixture.device()})),
        system_(MakeSystem()),
        trainer_(system_, *communicator_, {.precision = fixture.precision()}) {}

  void Run() {
    constexpr int64_t kIterations = 5;
    for (int64_t step = 0; step < kIterations; ++step) Step(step, "it" + std::to_string(step) + ".");
    GiveTrained(fixture_, system_, kCut);
  }

 private:
  static constexpr size_t kCut = 3;  // "G." for "netG."
  static std::string Recorded(const std::string& name) { return name.substr(kCut); }

  std::unique_ptr<recipes::System> MakeSystem() {
    const auto hyper = [&](const char* name) { return fixture_.Hyper<Json>(name).dump(); };
    const OptionValues options{{"base_side", "64"},
                               {"gf", hyper("NGF")},
                               {"df", hyper("NDF")},
                               {"z", hyper("NZ")},
                               {"text_projection", hyper("NT")},
                               {"cls_weight", hyper("CLS")},
                               {"critic", IsOfCoco(fixture_) ? "coco" : "cub"},
                               {"interpolation", fixture_.Hyper<bool>("interp") ? "mean" : "none"},
                               {"interpolation_weight", hyper("INT")},
                               {"g_rate", hyper("lr")},
                               {"d_rate", hyper("lr")},
                               {"beta1", hyper("beta1")}};
    auto system = recipes::MakeSystem(
        "gan_int_cls", options,
        {batch_, batch_, 1, {{}, /*random=*/true}, {.vocabulary = 2, .embedding = fixture_.Hyper("TXT")}});
    const torch::NoGradGuard no_grad;
    for (const auto& part : system->Parts())
      for (auto [name, tensor] : part.tensors) {
        const auto own = Recorded(name);
        tensor.copy_(fixture_.State(own));
        // The published program also has gradients of the biases that it sets to zero.
        if (fixture_.Has("grad.it0.param." + own)) tensor.set_requires_grad(true);
      }
    return system;
  }

  torch::Tensor Noise(const std::string& step, std::string_view purpose, int64_t rows) const {
    if (purpose == "noise") return fixture_.Get("in." + step + "z");
    const auto all = fixture_.Get("in." + step + "z_g");
    return purpose == "generator_noise" ? all.narrow(0, 0, rows) : all.narrow(0, rows, all.size(0) - rows);
  }

  void Step(int64_t number, const std::string& step) {
    dataio::Batch batch;
    auto& data = batch.data();
    data.embeddings = MeanSentence(fixture_, step);
    data.images = {fixture_.Image(step + "real")};
    data.wrong_images = {fixture_.Image(step + "wrong")};
    const int64_t rows = data.embeddings.size(0);
    batch.rows = {0, rows, rows};
    recipes::StepContext context{.step = number, .device = fixture_.device(), .dtype = fixture_.dtype()};
    context.steps_per_epoch = 100;
    context.noise = [&](std::string_view purpose) { return Noise(step, purpose, rows); };
    const auto report = trainer_.Step(batch, context, 1);
    CHECK_EQ(report.skipped(), 0);
    fixture_.Give("out." + step + "fake", system_.fakes[0]);
    fixture_.Give("out." + step + "fake_g", system_.imagined);
    GiveLosses(report, "out." + step);
    if (number == 0) GiveGradients(step);
  }

  void GiveLosses(const train::StepReport& report, const std::string& prefix) {
    static const auto& names = *new std::map<std::string, std::string>{
        {"real_cond", "errD_real"}, {"wrong_cond", "errD_wrong"}, {"fake_cond", "errD_fake"}};
    std::map<std::string, torch::Tensor> sums;
    for (const auto& term : report.terms) {
      if (const auto name = names.find(term.name); name != names.end())
        fixture_.Give(prefix + name->second, term.value);
      auto& sum = sums[term.phase == "d" ? "errD" : "errG"];
      sum = sum.defined() ? sum + term.value : term.value;
    }
    for (const auto& [name, value] : sums) fixture_.Give(prefix + name, value);
  }

  // A phase's gradients stay until its next step.
  void GiveGradients(const std::string& step) {
    for (const auto& [name, tensor] : recipes::TensorsOf(system_, recipes::Role::kTrained))
      if (tensor.requires_grad()) fixture_.Give("grad." + step + "param." + Recorded(name), tensor.grad());
  }

  Fixture& fixture_;
  const testing::DefaultDtype dtype_scope_{fixture_.dtype()};
  SoloBatch batch_;
  const std::unique_ptr<cluster::Communicator> communicator_;
  WatchedIntCls system_;
  train::Trainer trainer_;
};

}  // namespace

void ReplayIntClsGenerator(Fixture& fixture) {
  auto generator = MakeIntClsGenerator(fixture);
  fixture.Load(*generator);
  generator->train();
  const auto noise = fixture.Leaf("in.z"), sentence = fixture.Leaf("in.txt");
  const auto image = generator->forward(noise, sentence);
  fixture.Give("out.train.image", image);
  fixture.Pull("image", image).backward();
  fixture.Give("grad.in.z", noise.grad());
  fixture.Give("grad.in.txt", sentence.grad());
  fixture.GiveGradients(*generator);
  fixture.GiveBuffers(*generator, "train.");
  const torch::NoGradGuard no_grad;
  fixture.Load(*generator);
  generator->eval();
  fixture.Give("out.eval.image", generator->forward(noise, sentence));
}

void ReplayIntClsCritic(Fixture& fixture) { IntClsCriticReplay(fixture).Run(); }

void ReplayIntClsInterpolation(Fixture& fixture) {
  const auto sentences = fixture.Get("in.txt"), alpha = fixture.Get("in.alpha").unsqueeze(1);
  const RowRange pairs{0, alpha.size(0), alpha.size(0)};
  const auto below = [&](const torch::Tensor& between) { return torch::cat({sentences, between}); };
  fixture.Give("out.type1", below(recipes::SentencesBetween(sentences, pairs, torch::zeros_like(alpha))));
  fixture.Give("out.type2", below(recipes::SentencesBetween(sentences, pairs, alpha)));
  const auto probability = fixture.Leaf("in.p");
  auto weights = torch::ones_like(probability.detach());
  weights.narrow(0, sentences.size(0), pairs.local).fill_(fixture.Hyper<double>("INT"));
  const auto loss = (losses::Torch7CrossEntropy(probability, 1) * weights).mean();
  fixture.Give("out.errG", loss);
  loss.backward();
  fixture.Give("grad.in.p", probability.grad());
  const auto edge = torch::tensor({0., 1.}, sentences.options());
  fixture.Give("out.bce_at_the_edges",
               torch::cat({losses::Torch7CrossEntropy(edge, 1), losses::Torch7CrossEntropy(edge, 0)}).mean());
}

void ReplayIntClsTrajectory(Fixture& fixture) { IntClsTrajectory(fixture).Run(); }

}  // namespace helio::parity
