#include "src/losses/adversarial.h"
#include "tests/parity/cases.h"
#include "tests/parity/judges.h"

namespace helio::parity {
namespace {

void ReplayTrainingForward(Fixture& fixture, nn::Discriminator& net) {
  fixture.Load(*net);
  net->train();
  const auto real = fixture.ImageLeaf("real"), sentence = fixture.Leaf("in.conditions");
  const auto features = net(real);
  const auto uncond = net->Unconditional(features).sigmoid();
  const auto cond = net->Conditional(features, sentence).sigmoid();
  fixture.Give("out.train.features", features);
  fixture.Give("out.train.uncond_logits", uncond);
  fixture.Give("out.train.cond_logits", cond);
  (fixture.Pull("uncond_logits", uncond) + fixture.Pull("cond_logits", cond) +
   fixture.Pull("features", features))
      .backward();
  fixture.Give("grad.logits.in.real", real.grad());
  fixture.Give("grad.logits.in.conditions", sentence.grad());
  fixture.GiveGradients(*net, "logits.");
  fixture.GiveBuffers(*net, "train.");
}

void ReplayEvaluation(Fixture& fixture, nn::Discriminator& net) {
  fixture.Load(*net);
  net->eval();
  const auto features = net(fixture.Image("real"));
  fixture.Give("out.eval.features", features);
  fixture.Give("out.eval.uncond_logits", net->Unconditional(features).sigmoid());
  fixture.Give("out.eval.cond_logits", net->Conditional(features, fixture.Get("in.conditions")).sigmoid());
}

torch::Tensor LossOf(const Fixture& fixture, nn::Discriminator& net) {
  WholeBatch batch(fixture.Hyper("batch"));
  return Total(losses::DiscriminatorLoss(*net, fixture.Image("real"), fixture.Image("fake"),
                                         fixture.Get("in.conditions"), batch.scope()));
}

void ReplayLoss(Fixture& fixture, nn::Discriminator& net) {
  fixture.Load(*net);
  net->train();
  net->zero_grad();
  const auto loss = LossOf(fixture, net);
  fixture.Give("out.errD", loss);
  loss.backward();
  fixture.GiveGradients(*net, "errD.");
  fixture.GiveBuffers(*net, "errD.");
}

}  // namespace

void ReplayDiscriminator(Fixture& fixture) {
  auto net = MakeDiscriminator(fixture, fixture.Hyper("size"));
  ReplayTrainingForward(fixture, net);
  ReplayEvaluation(fixture, net);
  ReplayLoss(fixture, net);
  auto one_headed = MakeDiscriminator(fixture, fixture.Hyper("size"), /*unconditional=*/false);
  fixture.Load(*one_headed, "", "UNCOND_DNET.");
  one_headed->train();
  fixture.Give("out.errD_nojcu", LossOf(fixture, one_headed));
}

}  // namespace helio::parity
