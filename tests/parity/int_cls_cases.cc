// GAN-INT-CLS's networks, losses and recorded training loops (family/ANCESTORS.md).
#include "src/losses/adversarial.h"
#include "src/recipes/gan_int_cls.h"
#include "tests/parity/cases.h"
#include "tests/parity/trajectory.h"

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
        net_(nn::IntClsCriticOptions{
            .embedding = fixture.Hyper("TXT"),
            .projection = fixture.Hyper("NT"),
            .df = fixture.Hyper("NDF"),
            .variant = IsOfCoco(fixture) ? nn::IntClsVariant::kCoco : nn::IntClsVariant::kCub}) {}

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
    const auto weight = fixture_.Hyper<double>("CLS");
    std::vector<torch::Tensor> images{fixture_.Image("real")};
    if (weight > 0) images.push_back(fixture_.Image("wrong"));  // without a weight they are not looked at
    images.push_back(fixture_.Image("fake"));
    const auto p = Probabilities(images, MeanSentence(fixture_));
    const auto real = losses::Torch7CrossEntropy(p.front(), 1).mean(),
               fake = losses::Torch7CrossEntropy(p.back(), 0).mean() * (1 - weight);
    auto all = real;
    if (weight > 0) {
      const auto wrong = losses::Torch7CrossEntropy(p[1], 0).mean() * weight;
      fixture_.Give("out.errD_wrong", wrong);
      all = all + wrong;
    }
    all = all + fake;
    fixture_.Give("out.errD_real", real);
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
OptionValues IntClsOptionsOf(const Fixture& fixture) {
  return {{"base_side", "64"},
          {"gf", fixture.HyperText("NGF")},
          {"df", fixture.HyperText("NDF")},
          {"z", fixture.HyperText("NZ")},
          {"text_projection", fixture.HyperText("NT")},
          {"cls_weight", fixture.HyperText("CLS")},
          {"critic", IsOfCoco(fixture) ? "coco" : "cub"},
          {"interpolation", fixture.Hyper<bool>("interp") ? "mean" : "none"},
          {"interpolation_weight", fixture.HyperText("INT")},
          {"g_rate", fixture.HyperText("lr")},
          {"d_rate", fixture.HyperText("lr")},
          {"beta1", fixture.HyperText("beta1")}};
}

Watched::Looks IntClsLooks() {
  using Step = recipes::GanIntClsStep;
  return {.prepared = LookAt<Step>([](const Step& step) {
            return Watched::Seen{.values = {{"fake", step.fake}}};
          }),
          .phase = "g",
          .computed = LookAt<Step>([](const Step& step) {
            return Watched::Seen{.values = {{"fake_g", step.imagined}}};
          })};
}

dataio::Batch IntClsBatchOf(const Fixture& fixture, const std::string& it) {
  dataio::Batch batch;
  auto& data = batch.data();
  data.embeddings = MeanSentence(fixture, it);
  data.images = {fixture.Image(it + "real")};
  data.wrong_images = {fixture.Image(it + "wrong")};
  const int64_t rows = data.embeddings.size(0);
  batch.rows = {0, rows, rows};
  return batch;
}

torch::Tensor IntClsNoiseOf(const Fixture& fixture, const std::string& it, std::string_view purpose) {
  if (purpose == "noise") return fixture.Get("in." + it + "z");
  const auto all = fixture.Get("in." + it + "z_g");
  const int64_t rows = MeanSentence(fixture, it).size(0);
  return purpose == "generator_noise" ? all.narrow(0, 0, rows) : all.narrow(0, rows, all.size(0) - rows);
}

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
  fixture.Give("out.type1",
               below(recipes::InterpolatedSentences(sentences, pairs, torch::zeros_like(alpha))));
  fixture.Give("out.type2", below(recipes::InterpolatedSentences(sentences, pairs, alpha)));
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

void ReplayIntClsTrajectory(Fixture& fixture) {
  ReplayLoop(fixture, {.system = "gan_int_cls",
                       .options = IntClsOptionsOf(fixture),
                       .data = {.vocabulary = 2, .embedding = fixture.Hyper("TXT")},
                       .steps_per_epoch = 100,
                       .looks = IntClsLooks(),
                       .batch = [&](const std::string& it) { return IntClsBatchOf(fixture, it); },
                       .drawn = [&](const recipes::System&, const std::string& it,
                                    std::string_view purpose) { return IntClsNoiseOf(fixture, it, purpose); },
                       .losses = Torch7Losses(),
                       .recorded = Torch7NameOf,
                       // The published program also has gradients of the biases that it sets to zero.
                       .gradients_as_recorded = true});
}

}  // namespace helio::parity
