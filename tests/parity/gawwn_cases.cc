// GAWWN's geometry, networks, losses and recorded training loops (family/ANCESTORS.md).
#include "cluster/solo_communicator.h"
#include "src/losses/adversarial.h"
#include "src/nn/gawwn_critic.h"
#include "src/nn/gawwn_generator.h"
#include "src/nn/gawwn_points.h"
#include "src/nn/spatial_transformer.h"
#include "src/recipes/gawwn_game.h"
#include "src/recipes/places.h"
#include "src/recipes/registry.h"
#include "src/train/trainer.h"
#include "tests/parity/cases.h"
#include "tests/parity/watched.h"
#include "tests/support/default_dtype.h"

namespace helio::parity {
namespace {

constexpr int64_t kPoints = 15;

bool IsOfBoxes(const Fixture& fixture) { return fixture.Metadata("case").find("_box") != std::string::npos; }
bool IsOfPoints(const Fixture& fixture) {
  return fixture.Metadata("case").ends_with("gawwn_keypoint_generator");
}

nn::GawwnGeneratorOptions GeneratorSizes(const Fixture& fixture) {
  return {.embedding = fixture.Hyper("TXT"), .z = fixture.Hyper("NZ"), .gf = fixture.Hyper("NGF")};
}

nn::GawwnCriticOptions CriticSizes(const Fixture& fixture) {
  return {.embedding = fixture.Hyper("TXT"), .projection = fixture.Hyper("NT"), .df = fixture.Hyper("NDF")};
}

nn::GawwnPointsOptions PointsSizes(const Fixture& fixture) {
  return {.embedding = fixture.Hyper("TXT"),
          .z = fixture.Hyper("NZ"),
          .gf = fixture.Hyper("NGF"),
          .df = fixture.Hyper("NDF")};
}

// Of boxes there is one a picture: recorded {B, 1, ...}.
torch::Tensor OneEach(const Fixture& fixture, const torch::Tensor& recorded) {
  return IsOfBoxes(fixture) ? recorded.squeeze(1) : recorded;
}

torch::Tensor PlaceOf(const Fixture& fixture, const std::string& step = "") {
  if (IsOfBoxes(fixture)) return fixture.Get("in." + step + "theta").squeeze(1);
  return fixture.Get("in." + step + (IsOfPoints(fixture) ? "points" : "maps")).to(fixture.dtype());
}

// The same calculation on a fresh net, by the kind that the case is of.
template <typename Box, typename Keypoint, typename Sizes, typename Body>
void OnTheNet(Fixture& fixture, const Sizes& sizes, const Body& body) {
  if (IsOfBoxes(fixture)) {
    Box net(sizes);
    body(*net);
  } else {
    Keypoint net(sizes);
    body(*net);
  }
}

void ReplayGenerator(Fixture& fixture, nn::GawwnGeneratorImpl& net) {
  fixture.Load(net);
  net.train();
  const auto z = fixture.Leaf("in.z"), text = fixture.Leaf("in.txt"), place = PlaceOf(fixture);
  const auto draw = [&] { return net.forward(OneEach(fixture, z), OneEach(fixture, text), place); };
  const auto image = draw();
  fixture.Give("out.train.image", image);
  fixture.Pull("image", image).backward();
  fixture.Give("grad.in.z", z.grad());
  fixture.Give("grad.in.txt", text.grad());
  fixture.GiveGradients(net);
  fixture.GiveBuffers(net, "train.");
  const torch::NoGradGuard no_grad;
  fixture.Load(net);
  net.eval();
  fixture.Give("out.eval.image", draw());
}

class CriticReplay {
 public:
  CriticReplay(Fixture& fixture, nn::GawwnCriticImpl& net)
      : fixture_(fixture), net_(net), place_(PlaceOf(fixture)) {}

  void Run() {
    Training();
    Loss();
    const torch::NoGradGuard no_grad;
    Start(false);
    fixture_.Give("out.eval.p_real", Probability(net_.Look(fixture_.Image("real")), Text()));
  }

 private:
  torch::Tensor Text() const { return OneEach(fixture_, fixture_.Get("in.txt")); }
  torch::Tensor Probability(const nn::GawwnLook& look, const torch::Tensor& text) {
    return net_.Judge(look, place_, text).sigmoid();
  }

  void Start(bool training) {
    fixture_.Load(net_);
    net_.train(training);
    net_.zero_grad();
  }

  void Training() {
    Start(true);
    const auto real = fixture_.ImageLeaf("real"), text = fixture_.Leaf("in.txt");
    const auto probability = Probability(net_.Look(real), OneEach(fixture_, text));
    fixture_.Give("out.train.p_real", probability);
    fixture_.Pull("p_real", probability).backward();
    fixture_.Give("grad.p.in.real", real.grad());
    fixture_.Give("grad.p.in.txt", text.grad());
    fixture_.GiveBuffers(net_, "train.");
  }

  void Loss() {
    Start(true);
    const auto weight = fixture_.Hyper<double>("CLS");
    const auto look = net_.Look(fixture_.Image("real"), 2);
    const auto mean = [](const torch::Tensor& p, double label) {
      return losses::Torch7CrossEntropy(p, label).mean();
    };
    const auto real = mean(Probability(look, Text()), 1);
    const auto wrong =
        mean(Probability(look, Text().index_select(0, fixture_.Get("in.shuffle"))), 0) * weight;
    const auto fake = mean(Probability(net_.Look(fixture_.Image("fake")), Text()), 0) * (1 - weight);
    const auto all = real + wrong + fake;
    fixture_.Give("out.errD_real", real);
    fixture_.Give("out.errD_wrong", wrong);
    fixture_.Give("out.errD_fake", fake);
    fixture_.Give("out.errD", all);
    all.backward();
    fixture_.GiveGradients(net_, "errD.");
    fixture_.GiveBuffers(net_, "errD.");
  }

  Fixture& fixture_;
  nn::GawwnCriticImpl& net_;
  const torch::Tensor place_;
};

// The system, with a look at what its generator's step works with.
class WatchedGawwn : public Watched {
 public:
  explicit WatchedGawwn(std::unique_ptr<recipes::System> system)
      : Watched(std::move(system), [](const recipes::Step& step) {
          return std::vector{static_cast<const recipes::GawwnStep&>(step).fake.detach()};
        }) {}

  std::vector<recipes::Round> Rounds() override {
    auto rounds = Watched::Rounds();
    auto& phase = rounds.back().front();
    phase.loss = [this, loss = phase.loss](recipes::Step& step) {
      const auto terms = loss(step);
      const auto& own = static_cast<recipes::GawwnStep&>(step);
      gradient = own.gradient;
      judged = own.judged.detach();
      return terms;
    };
    return rounds;
  }

  torch::Tensor gradient, judged;
};

// The training loop, by what a user runs: MakeSystem and Trainer.
class GawwnTrajectory {
 public:
  explicit GawwnTrajectory(Fixture& fixture)
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
    OptionValues options{{"base_side", "128"},
                         {"gf", hyper("NGF")},
                         {"df", hyper("NDF")},
                         {"z", hyper("NZ")},
                         {"text_projection", hyper("NT")},
                         {"g_rate", hyper("lr")},
                         {"d_rate", hyper("lr")},
                         {"beta1", hyper("beta1")}};
    if (!IsOfPoints(fixture_)) options["cls_weight"] = hyper("CLS");
    const auto name = fixture_.Metadata("case").substr(std::string("trajectory_").size());
    auto system = recipes::MakeSystem(name, options,
                                      {batch_,
                                       batch_,
                                       1,
                                       {{}, /*random=*/true},
                                       {.vocabulary = 2,
                                        .embedding = fixture_.Hyper("TXT"),
                                        .key_points = std::vector<std::string>(kPoints, "point")}});
    const torch::NoGradGuard no_grad;
    for (const auto& part : system->Parts())
      for (auto [full, tensor] : part.tensors) {
        const auto own = Recorded(full);
        tensor.copy_(fixture_.State(own));
      }
    return system;
  }

  torch::Tensor Drawn(const std::string& step, std::string_view purpose) const {
    if (purpose == "place") return PlaceOf(fixture_, step);
    if (purpose == "noise") return OneEach(fixture_, fixture_.Get("in." + step + "z"));
    return fixture_.Get("in." + step + std::string(purpose));
  }

  void Step(int64_t number, const std::string& step) {
    dataio::Batch batch;
    auto& data = batch.data();
    data.embeddings = OneEach(fixture_, fixture_.Get("in." + step + "txt"));
    if (!IsOfPoints(fixture_))
      data.images = {fixture_.Image("real").index_select(0, fixture_.Get("in." + step + "order"))};
    const int64_t rows = data.embeddings.size(0);
    batch.rows = {0, rows, rows};
    recipes::StepContext context{.step = number, .device = fixture_.device(), .dtype = fixture_.dtype()};
    context.steps_per_epoch = 100;
    context.noise = [&](std::string_view purpose) { return Drawn(step, purpose); };
    const auto report = trainer_.Step(batch, context, 1);
    CHECK_EQ(report.skipped(), 0);
    fixture_.Give("out." + step + "fake", system_.fakes[0]);
    // The published log moves twice a step.
    for (int i = 0; i < 2; ++i) score_ = 0.99 * score_ + 0.01 * system_.judged.mean().item<double>();
    fixture_.Give("out." + step + "fake_score", torch::tensor(score_, torch::kFloat64));
    GiveLosses(report, "out." + step);
    if (number == 0) GiveGradients(step);
  }

  void GiveLosses(const train::StepReport& report, const std::string& prefix) {
    static const auto& names = *new std::map<std::string, std::string>{
        {"real_cond", "errD_real"}, {"wrong_cond", "errD_wrong"}, {"fake_cond", "errD_fake"}};
    torch::Tensor sum;
    for (const auto& term : report.terms) {
      if (term.phase == "g") {
        fixture_.Give(prefix + "errG", term.value);
        continue;
      }
      fixture_.Give(prefix + names.at(term.name), term.value);
      sum = sum.defined() ? sum + term.value : term.value;
    }
    fixture_.Give(prefix + "errD", sum);
  }

  // A phase's gradients stay until its next step.
  void GiveGradients(const std::string& step) {
    fixture_.Give("grad." + step + "fake", system_.gradient);
    for (const auto& [name, tensor] : recipes::TensorsOf(system_, recipes::Role::kTrained))
      if (tensor.requires_grad()) fixture_.Give("grad." + step + "param." + Recorded(name), tensor.grad());
  }

  Fixture& fixture_;
  const testing::DefaultDtype dtype_scope_{fixture_.dtype()};
  SoloBatch batch_;
  const std::unique_ptr<cluster::Communicator> communicator_;
  WatchedGawwn system_;
  train::Trainer trainer_;
  double score_ = 0.5;
};

void ReplayShowing(Fixture& fixture) {
  const recipes::Showing showing{fixture.Get("in.size"), fixture.Get("in.offset"), fixture.Mask("in.flip")};
  const auto boxes = recipes::BoxesShown(fixture.Get("in.box"), showing);
  fixture.Give("out.box", boxes.to(torch::kInt64));
  const auto theta = recipes::ThetaOf(boxes, showing.fine).to(fixture.dtype());
  fixture.Give("out.box_theta", theta);
  fixture.Give("out.box_theta_paste", nn::PasteOf(theta));
  const auto points = recipes::PointsShown(fixture.Get("in.parts"), showing);
  fixture.Give("out.points", points);
  fixture.Give("out.maps", recipes::PointMaps(points, nn::PlaceSide(showing.fine)).to(torch::kUInt8));
}

// Features seen through a grid: output, and gradients of both.
void ReplaySampler(Fixture& fixture, const std::string& name, const std::string& features_name,
                   const std::string& theta_name, bool paste) {
  const auto features = fixture.Leaf("in." + features_name), theta = fixture.Leaf("in." + theta_name);
  const auto& cotangent = fixture.Get("cot." + name);
  const auto grid = nn::AffineGrid(paste ? nn::PasteOf(theta) : theta, cotangent.size(2), cotangent.size(3));
  fixture.Give("out.grid_" + name, grid);
  const auto seen = nn::Sampled(features, grid);
  fixture.Give("out." + name, seen);
  fixture.Pull(name, seen).backward();
  fixture.Give("grad." + name + ".in." + features_name, features.grad());
  fixture.Give("grad." + name + ".in." + theta_name, theta.grad());
}

void ReplayPointsGenerator(Fixture& fixture, const torch::Tensor& given) {
  nn::GawwnPointsGenerator net(PointsSizes(fixture));
  fixture.Load(*net, "G.");
  net->train();
  const auto z = fixture.Leaf("in.z"), text = fixture.Leaf("in.txt");
  const auto made = net->forward(z, text, given);
  fixture.Give("out.train.made", made);
  fixture.Pull("made", made).backward();
  fixture.Give("grad.in.z", z.grad());
  fixture.Give("grad.in.txt", text.grad());
  fixture.GiveGradients(*net, "", "G.");
  fixture.GiveBuffers(*net, "train.", "G.");
  const torch::NoGradGuard no_grad;
  fixture.Load(*net, "G.");
  net->eval();
  fixture.Give("out.eval.made", net->forward(z, text, given));
}

void ReplayPointsCritic(Fixture& fixture, const torch::Tensor& real, const torch::Tensor& made) {
  nn::GawwnPointsCritic net(PointsSizes(fixture));
  fixture.Load(*net, "D.");
  net->train();
  const auto text = fixture.Get("in.txt");
  const auto p_real = net->forward(real, text).sigmoid(), p_fake = net->forward(made, text).sigmoid();
  const auto errors =
      std::pair(losses::Torch7CrossEntropy(p_real, 1).mean(), losses::Torch7CrossEntropy(p_fake, 0).mean());
  fixture.Give("out.errD_real", errors.first);
  fixture.Give("out.errD_fake", errors.second);
  const auto all = errors.first + errors.second;
  fixture.Give("out.errD", all);
  all.backward();
  fixture.Give("grad.errD.made", made.grad());
  fixture.GiveGradients(*net, "errD.", "D.");
  fixture.GiveBuffers(*net, "errD.", "D.");
  const torch::NoGradGuard no_grad;
  fixture.Load(*net, "D.");
  net->eval();
  fixture.Give("out.eval.p_real", net->forward(real, text).sigmoid());
}

}  // namespace

void ReplayGawwnGrid(Fixture& fixture) {
  ReplayShowing(fixture);
  fixture.Give("out.theta_paste", nn::PasteOf(fixture.Get("in.theta")));
  ReplaySampler(fixture, "crop", "feat", "theta", false);
  ReplaySampler(fixture, "paste", "feat", "theta", true);
  ReplaySampler(fixture, "wild", "feat2", "theta_wild", false);
}

void ReplayGawwnGenerator(Fixture& fixture) {
  if (IsOfBoxes(fixture))
    fixture.Give("out.theta_paste", nn::PasteOf(fixture.Get("in.theta").squeeze(1)).unsqueeze(1));
  OnTheNet<nn::GawwnBoxGenerator, nn::GawwnKeypointGenerator>(
      fixture, GeneratorSizes(fixture), [&](auto& net) { ReplayGenerator(fixture, net); });
}

void ReplayGawwnCritic(Fixture& fixture) {
  OnTheNet<nn::GawwnBoxCritic, nn::GawwnKeypointCritic>(fixture, CriticSizes(fixture),
                                                        [&](auto& net) { CriticReplay(fixture, net).Run(); });
}

void ReplayGawwnPoints(Fixture& fixture) {
  const auto points = fixture.Get("in.points");
  const auto real = recipes::VisiblePoints(points);
  const auto kept = fixture.Mask("in.dropped").logical_not().unsqueeze(-1).to(points.scalar_type());
  const auto given = points * kept;
  fixture.Give("out.real", real);
  fixture.Give("out.given", given);
  ReplayPointsGenerator(fixture, given);
  nn::GawwnPointsGenerator net(PointsSizes(fixture));
  fixture.Load(*net, "G.");
  net->train();
  const auto made = net->forward(fixture.Get("in.z"), fixture.Get("in.txt"), given).detach();
  ReplayPointsCritic(fixture, real, made.clone().requires_grad_());
}

void ReplayGawwnTrajectory(Fixture& fixture) { GawwnTrajectory(fixture).Run(); }

}  // namespace helio::parity
