// The char-CNN-RNN text encoder, its losses and its recorded training (family/ANCESTORS.md).
#include "cluster/solo_communicator.h"
#include "src/losses/joint_embedding.h"
#include "src/nn/char_cnn_rnn.h"
#include "src/nn/image_trunk.h"
#include "src/recipes/registry.h"
#include "src/train/trainer.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"
#include "tests/support/default_dtype.h"

namespace helio::parity {
namespace {

bool IsGated(const Fixture& fixture) { return !fixture.Metadata("case").ends_with("_rnn8"); }

nn::CharCnnRnn MakeCharCnnRnn(const Fixture& fixture) {
  return nn::CharCnnRnn(nn::CharCnnRnnOptions{
      .conv1 = fixture.Hyper("C1"),
      .conv2 = fixture.Hyper("C2"),
      .conv3 = fixture.Hyper("CNN"),
      .embedding = fixture.Hyper("EMB"),
      .recurrence = IsGated(fixture) ? nn::CharRecurrence::kGru18 : nn::CharRecurrence::kRelu8});
}

// Pictures that are their own features: what the recorded training read of a file.
constexpr char kFeatureTrunk[] = "recorded_features";
int64_t recorded_channels = 0;

class FeatureTrunk : public nn::ImageTrunk {
 public:
  nn::ImageFeatures forward(const torch::Tensor& images) override { return {images, images.flatten(1)}; }
  int64_t region_channels() const override { return recorded_channels; }
  int64_t pooled_channels() const override { return recorded_channels; }
};

// The training, by what a user runs: MakeSystem and Trainer.
class CharTrajectory {
 public:
  explicit CharTrajectory(Fixture& fixture)
      : fixture_(fixture),
        communicator_(cluster::MakeSoloCommunicator({.device = fixture.device()})),
        system_(MakeSystem()),
        trainer_(*system_, *communicator_, {.precision = fixture.precision()}) {}

  void Run() {
    constexpr int64_t kIterations = 5;
    for (int64_t step = 0; step < kIterations; ++step) Step(step, "it" + std::to_string(step) + ".");
    for (const auto& [name, tensor] : Trained()) {
      fixture_.Give("out.final.param." + Recorded(name), tensor);
      fixture_.Give("out.final.norm." + Recorded(name), tensor.to(torch::kFloat64).norm());
    }
  }

 private:
  NamedTensors Trained() const { return recipes::TensorsOf(*system_, recipes::Role::kTrained); }
  // "net." for "char_cnn_rnn.".
  static std::string Recorded(const std::string& name) { return "net." + name.substr(name.find('.') + 1); }

  std::unique_ptr<recipes::System> MakeSystem() {
    recorded_channels = fixture_.Hyper("EMB");
    nn::RegisterImageTrunk(
        kFeatureTrunk, []() -> std::shared_ptr<nn::ImageTrunk> { return std::make_shared<FeatureTrunk>(); });
    const auto hyper = [&](const char* name) { return fixture_.Hyper<Json>(name).dump(); };
    const OptionValues options{{"image_trunk", kFeatureTrunk}, {"char_rnn", "gru18"},
                               {"char_conv1", hyper("C1")},    {"char_conv2", hyper("C2")},
                               {"char_width", hyper("CNN")},   {"rate", hyper("lr")}};
    auto system = recipes::MakeSystem("char_cnn_rnn", options,
                                      {batch_, batch_, 1, {{}, /*random=*/true}, {.vocabulary = 2}});
    const torch::NoGradGuard no_grad;
    for (auto [name, tensor] : recipes::TensorsOf(*system, recipes::Role::kTrained))
      tensor.copy_(fixture_.Get("param." + Recorded(name)));
    return system;
  }

  void Step(int64_t number, const std::string& step) {
    dataio::Batch batch;
    auto& data = batch.data();
    data.characters = fixture_.Get("in." + step + "chars").unsqueeze(1);
    data.images = {fixture_.Get("in." + step + "image_features").unsqueeze(-1).unsqueeze(-1)};
    const int64_t rows = data.characters.size(0);
    batch.rows = {0, rows, rows};
    const auto report =
        trainer_.Step(batch, {.step = number, .device = fixture_.device(), .dtype = fixture_.dtype()}, 1);
    CHECK_EQ(report.skipped(), 0);
    torch::Tensor loss;
    for (const auto& term : report.terms) loss = loss.defined() ? loss + term.value : term.value;
    fixture_.Give("out." + step + "sje_loss", loss);
    if (number > 0) return;
    for (const auto& [name, tensor] : Trained())
      fixture_.Give("grad." + step + "param." + Recorded(name), tensor.grad());
  }

  Fixture& fixture_;
  const testing::DefaultDtype dtype_scope_{fixture_.dtype()};
  SoloBatch batch_;
  const std::unique_ptr<cluster::Communicator> communicator_;
  const std::unique_ptr<recipes::System> system_;
  train::Trainer trainer_;
};

}  // namespace

void ReplayCharCnnRnn(Fixture& fixture) {
  auto net = MakeCharCnnRnn(fixture);
  fixture.Load(*net);
  const auto characters = fixture.Get("in.chars");
  WholeBatch batch(characters.size(0));
  const auto sentence = net->forward(characters);
  fixture.Give("out.emb", sentence);
  fixture.Pull("emb", sentence).backward();
  fixture.GiveGradients(*net);

  net->zero_grad();
  const auto features = fixture.Leaf("in.image_features");
  const auto own = net->forward(characters);
  const auto to_text = losses::JointEmbedding(features, own, batch.scope());
  const auto both = to_text + losses::JointEmbedding(own, features, batch.scope());
  fixture.Give("out.sje_image_to_text", to_text);
  fixture.Give("out.sje_loss", both);
  both.backward();
  fixture.Give("grad.sje.in.image_features", features.grad());
  fixture.GiveGradients(*net, "sje.");

  net->zero_grad();
  const auto pair =
      losses::JointEmbedding(net->forward(fixture.Get("in.chars2")), net->forward(characters), batch.scope());
  fixture.Give("out.pair_loss", pair);
  pair.backward();
  fixture.GiveGradients(*net, "pair.");
}

void ReplayCharTrajectory(Fixture& fixture) { CharTrajectory(fixture).Run(); }

}  // namespace helio::parity
