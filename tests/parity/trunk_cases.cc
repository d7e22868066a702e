#include "src/nn/captioner.h"
#include "src/nn/freeze.h"
#include "src/nn/image_encoder.h"
#include "tests/parity/cases.h"
#include "tests/parity/formula_weights.h"

namespace helio::parity {
namespace {

// Weights by formula (FORMULA.md), in float32 as recorded, then in the run's precision.
void Prepare(const Fixture& fixture, torch::nn::Module& net) {
  FillByFormula(StateOf(net), static_cast<uint64_t>(fixture.Hyper("formula_seed")),
                fixture.Hyper<std::string>("formula_model"));
  net.to(fixture.device(), fixture.dtype());
  nn::Freeze(net);
}

}  // namespace

void ReplayImageEncoder(Fixture& fixture) {
  nn::ImageEncoder net(nn::MakeImageTrunk("inception_v3", "fixture"), fixture.Hyper("out_dim"));
  Prepare(fixture, *net);
  const auto images = fixture.ImageLeaf("image");
  const auto encoding = net(images);
  fixture.Give("out.features", encoding.regions);
  fixture.Give("out.cnn_code", encoding.code);
  (fixture.Pull("features", encoding.regions) + fixture.Pull("cnn_code", encoding.code)).backward();
  fixture.Give("grad.in.image", images.grad());
}

void ReplayCaptionEncoder(Fixture& fixture) {
  nn::CaptionEncoder net(nn::MakeImageTrunk("resnet152", "fixture"), fixture.Hyper("out_dim"));
  Prepare(fixture, *net);
  const auto images = fixture.ImageLeaf("image");
  const auto code = net(images);
  fixture.Give("out.features", code);
  fixture.Pull("features", code).backward();
  fixture.Give("grad.in.image", images.grad());
}

}  // namespace helio::parity
