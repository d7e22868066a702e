// The char-CNN-RNN text encoder, its losses and its recorded training (family/ANCESTORS.md).
#include "src/losses/joint_embedding.h"
#include "src/nn/char_cnn_rnn.h"
#include "src/nn/image_trunk.h"
#include "tests/parity/cases.h"
#include "tests/parity/nets.h"
#include "tests/parity/trajectory.h"

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

void RegisterFeatureTrunk(const Fixture& fixture) {
  recorded_channels = fixture.Hyper("EMB");
  nn::RegisterImageTrunk(
      kFeatureTrunk, []() -> std::shared_ptr<nn::ImageTrunk> { return std::make_shared<FeatureTrunk>(); });
}

OptionValues CharOptionsOf(const Fixture& fixture) {
  return {{"image_trunk", kFeatureTrunk},           {"char_rnn", "gru18"},
          {"char_conv1", fixture.HyperText("C1")},  {"char_conv2", fixture.HyperText("C2")},
          {"char_width", fixture.HyperText("CNN")}, {"rate", fixture.HyperText("lr")}};
}

dataio::Batch CharBatchOf(const Fixture& fixture, const std::string& it) {
  dataio::Batch batch;
  auto& data = batch.data();
  data.characters = fixture.Get("in." + it + "chars").unsqueeze(1);
  data.images = {fixture.Get("in." + it + "image_features").unsqueeze(-1).unsqueeze(-1)};
  const int64_t rows = data.characters.size(0);
  batch.rows = {0, rows, rows};
  return batch;
}

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

void ReplayCharTrajectory(Fixture& fixture) {
  RegisterFeatureTrunk(fixture);
  ReplayLoop(fixture,
             {.system = "char_cnn_rnn",
              .options = CharOptionsOf(fixture),
              .data = {.vocabulary = 2},
              .batch = [&](const std::string& it) { return CharBatchOf(fixture, it); },
              .losses = {.phases = {{"char_cnn_rnn", "sje_loss"}}},
              // "net." for "char_cnn_rnn.".
              .recorded = [](const std::string& name) { return "net." + name.substr(name.find('.') + 1); }});
}

}  // namespace helio::parity
