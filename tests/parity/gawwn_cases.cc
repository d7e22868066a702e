// GAWWN's geometry, networks, losses and recorded training loops (family/ANCESTORS.md).
#include "src/losses/adversarial.h"
#include "src/nn/gawwn_critic.h"
#include "src/nn/gawwn_generator.h"
#include "src/nn/gawwn_points.h"
#include "src/nn/spatial_transformer.h"
#include "src/recipes/gawwn_game.h"
#include "src/recipes/places.h"
#include "tests/parity/cases.h"
#include "tests/parity/trajectory.h"

namespace helio::parity {
namespace {

bool IsOfBoxes(const Fixture& fixture) { return fixture.Metadata("case").find("_box") != std::string::npos; }
bool IsOfPoints(const Fixture& fixture) {
  return fixture.Metadata("case").ends_with("gawwn_keypoint_generator");
}

// Key points of a bird; of boxes any number.
int64_t PointCount(const Fixture& fixture) {
  for (const char* name : {"in.points", "in.maps", "in.it0.points", "in.it0.maps"})
    if (fixture.Has(name)) return fixture.Get(name).size(1);
  return 1;
}

nn::GawwnGeneratorOptions GeneratorSizes(const Fixture& fixture) {
  return {.embedding = fixture.Hyper("TXT"),
          .z = fixture.Hyper("NZ"),
          .gf = fixture.Hyper("NGF"),
          .points = PointCount(fixture)};
}

nn::GawwnCriticOptions CriticSizes(const Fixture& fixture) {
  return {.embedding = fixture.Hyper("TXT"),
          .projection = fixture.Hyper("NT"),
          .df = fixture.Hyper("NDF"),
          .points = PointCount(fixture)};
}

nn::GawwnPointsOptions PointsSizes(const Fixture& fixture) {
  return {.embedding = fixture.Hyper("TXT"),
          .z = fixture.Hyper("NZ"),
          .gf = fixture.Hyper("NGF"),
          .df = fixture.Hyper("NDF"),
          .points = PointCount(fixture)};
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

OptionValues GawwnOptionsOf(const Fixture& fixture) {
  OptionValues options{{"base_side", "128"},
                       {"gf", fixture.HyperText("NGF")},
                       {"df", fixture.HyperText("NDF")},
                       {"z", fixture.HyperText("NZ")},
                       {"text_projection", fixture.HyperText("NT")},
                       {"g_rate", fixture.HyperText("lr")},
                       {"d_rate", fixture.HyperText("lr")},
                       {"beta1", fixture.HyperText("beta1")}};
  if (!IsOfPoints(fixture)) options["cls_weight"] = fixture.HyperText("CLS");
  return options;
}

// `score`: the published log's, a moving mean of what the discriminator says of the fakes.
Watched::Looks GawwnLooks(double& score) {
  using Step = recipes::GawwnStep;
  return {.prepared = LookAt<Step>([](const Step& step) {
            return Watched::Seen{.values = {{"fake", step.fake}}};
          }),
          .phase = "g",
          .computed = LookAt<Step>([&score](const Step& step) {
            const double judged = step.judged.detach().mean().item<double>();
            for (int i = 0; i < 2; ++i) score = 0.99 * score + 0.01 * judged;  // it moves twice a step
            return Watched::Seen{.values = {{"fake_score", torch::tensor(score, torch::kFloat64)}},
                                 .gradients = {{"fake", step.gradient}}};
          })};
}

dataio::Batch GawwnBatchOf(const Fixture& fixture, const std::string& it) {
  dataio::Batch batch;
  auto& data = batch.data();
  data.embeddings = OneEach(fixture, fixture.Get("in." + it + "txt"));
  if (!IsOfPoints(fixture))
    data.images = {fixture.Image("real").index_select(0, fixture.Get("in." + it + "order"))};
  const int64_t rows = data.embeddings.size(0);
  batch.rows = {0, rows, rows};
  return batch;
}

torch::Tensor GawwnDrawn(const Fixture& fixture, const std::string& it, std::string_view purpose) {
  if (purpose == "place") return PlaceOf(fixture, it);
  if (purpose == "noise") return OneEach(fixture, fixture.Get("in." + it + "z"));
  return fixture.Get("in." + it + std::string(purpose));
}

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

void ReplayGawwnTrajectory(Fixture& fixture) {
  double score = 0.5;
  ReplayLoop(
      fixture,
      {.system = fixture.Metadata("case").substr(std::string("trajectory_").size()),
       .options = GawwnOptionsOf(fixture),
       .data = {.vocabulary = 2,
                .embedding = fixture.Hyper("TXT"),
                .key_points = std::vector<std::string>(static_cast<size_t>(PointCount(fixture)), "point")},
       .steps_per_epoch = 100,
       .looks = GawwnLooks(score),
       .batch = [&](const std::string& it) { return GawwnBatchOf(fixture, it); },
       .drawn = [&](const recipes::System&, const std::string& it,
                    std::string_view purpose) { return GawwnDrawn(fixture, it, purpose); },
       .losses = Torch7Losses(),
       .recorded = Torch7NameOf});
}

}  // namespace helio::parity
