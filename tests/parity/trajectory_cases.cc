#include "cluster/flat_adam.h"
#include "src/losses/adversarial.h"
#include "src/losses/kl.h"
#include "src/nn/freeze.h"
#include "tests/parity/cases.h"
#include "tests/parity/judges.h"

namespace helio::parity {
namespace {

// A network with its optimizer.
struct Player {
  cluster::ParameterGroup group;
  cluster::FlatAdam adam;

  Player(const std::string& name, const torch::nn::Module& net, const cluster::FlatAdamOptions& options)
      : group(name, Parameters(net)), adam(group, options) {}

  static NamedTensors Parameters(const torch::nn::Module& net) {
    NamedTensors parameters;
    for (const auto& one : net.named_parameters()) parameters.emplace_back(one.key(), one.value());
    return parameters;
  }
};

cluster::FlatAdamOptions AdamOf(const Fixture& fixture, double ema) {
  const auto betas = fixture.Hyper<std::vector<double>>("betas");
  return {.beta1 = betas.at(0),
          .beta2 = betas.at(1),
          .epsilon = fixture.Hyper<double>("adam_eps"),
          .ema_decay = ema};
}

// The published training loop (text encoder frozen): draw, train every discriminator, train the generator.
class Trajectory {
 public:
  explicit Trajectory(Fixture& fixture)
      : fixture_(fixture),
        judges_(Judges::Of(fixture)),
        encoder_(MakeTextEncoder(fixture)),
        generator_(MakeGenerator(fixture, judges_.caption_encoder ? nn::AttentionKind::kWordsAndGlobal
                                                                  : nn::AttentionKind::kWords)),
        batch_(fixture.Hyper("batch")),
        learning_rate_(fixture.Hyper<double>("lr")) {
    fixture.Load(*encoder_, "text_encoder.");
    nn::Freeze(*encoder_);
    fixture.Load(*generator_, "netG.");
    for (size_t i = 0; i < judges_.discriminators.size(); ++i)
      critics_.push_back(std::make_unique<Player>("netD" + std::to_string(i), *judges_.discriminators[i],
                                                  AdamOf(fixture, 0)));
    artist_ = std::make_unique<Player>("netG", *generator_, AdamOf(fixture, fixture.Hyper<double>("ema")));
  }

  void Run() {
    for (int64_t step = 0; step < fixture_.Hyper("iters"); ++step) Step("it" + std::to_string(step) + ".");
    GiveEnd();
  }

 private:
  Texts TextsOf(const std::string& step) {
    const auto captions = fixture_.Get("in." + step + "captions");
    const auto lengths = fixture_.Get("in." + step + "cap_lens");
    const auto features = encoder_(captions, lengths);
    return {captions, lengths, fixture_.Get("in.class_ids"), features.words, features.sentence};
  }

  void Step(const std::string& step) {
    const auto texts = TextsOf(step);
    const auto drawn = generator_(nn::GeneratorInput{.noise = fixture_.Get("in." + step + "noise"),
                                                     .condition_noise = fixture_.Get("in." + step + "eps"),
                                                     .sentence = texts.sentence,
                                                     .words = texts.words,
                                                     .mask = ReleasedMask(texts.captions.eq(0))});
    for (size_t i = 0; i < drawn.images.size(); ++i) {
      fixture_.Give("out." + step + "fake" + std::to_string(i), drawn.images[i]);
      TrainCritic(i, step, drawn.images[i], texts);
    }
    TrainArtist(step, drawn, texts);
  }

  void TrainCritic(size_t i, const std::string& step, const torch::Tensor& fake, const Texts& texts) {
    critics_[i]->group.ZeroGradient();
    const auto real = fixture_.Image(step + "real" + std::to_string(i));
    const auto loss = Total(
        losses::DiscriminatorLoss(judges_.discriminators[i], real, fake, texts.sentence, batch_.scope()));
    loss.backward();
    critics_[i]->adam.Step(learning_rate_);
    fixture_.Give("out." + step + "errD" + std::to_string(i), loss);
  }

  void TrainArtist(const std::string& step, const nn::GeneratorOutput& drawn, const Texts& texts) {
    std::vector<nn::ScopedFreeze> frozen;
    for (const auto& critic : judges_.discriminators) frozen.emplace_back(*critic);
    artist_->group.ZeroGradient();
    const auto terms = GeneratorTerms(fixture_, judges_, drawn.images, texts);
    const auto kl = losses::KlLoss(drawn.mean, drawn.logvar, batch_.scope());
    const auto total = GiveTerms(fixture_, terms, "out." + step) + kl;
    fixture_.Give("out." + step + "kl_loss", kl);
    fixture_.Give("out." + step + "errG_total", total);
    total.backward();
    if (step == "it0.") fixture_.GiveGradients(*generator_, step, "netG.");
    artist_->adam.Step(learning_rate_);
  }

  void GiveEnd() {
    GivePlayer("netG.", *generator_);
    for (size_t i = 0; i < judges_.discriminators.size(); ++i)
      GivePlayer("netD" + std::to_string(i) + ".", *judges_.discriminators[i]);
    for (const auto& [name, average] : artist_->adam.Average()) {
      fixture_.Give("out.final.ema." + name, average);
      fixture_.Give("out.final.norm.ema." + name, average.to(torch::kFloat64).norm());
    }
  }

  void GivePlayer(const std::string& prefix, const torch::nn::Module& net) {
    for (const auto& [name, parameter] : Player::Parameters(net)) {
      fixture_.Give("out.final.param." + prefix + name, parameter);
      fixture_.Give("out.final.norm." + prefix + name, parameter.to(torch::kFloat64).norm());
    }
    fixture_.GiveBuffers(net, "final.", prefix);
  }

  Fixture& fixture_;
  Judges judges_;
  nn::TextEncoder encoder_;
  nn::Generator generator_;
  WholeBatch batch_;
  double learning_rate_;
  std::vector<std::unique_ptr<Player>> critics_;
  std::unique_ptr<Player> artist_;
};

}  // namespace

void ReplayTrajectory(Fixture& fixture) { Trajectory(fixture).Run(); }

}  // namespace helio::parity
