#include "src/recipes/cyclegan.h"

#include <numbers>

#include "src/base/error.h"
#include "src/base/random.h"
#include "src/nn/init.h"
#include "src/recipes/translation_score.h"

namespace helio::recipes {
namespace {

// Whose side a translator halves twice.
Range OfPictures() {
  return {"a multiple of 4, 16 to 4096", [](const std::string& value) {
            const auto side = std::strtoll(value.c_str(), nullptr, 10);
            return side >= 16 && side <= 4096 && side % 4 == 0;
          }};
}

void CheckPatches(const CycleGanOptions& options) {
  constexpr int64_t kLeast = 3;  // two convolutions of 4 x 4 with a border of 1 follow
  if (options.side >> options.d_layers >= kLeast) return;
  ThrowUser("is too small for discriminators of --d_layers=" + std::to_string(options.d_layers),
            "--side=" + std::to_string(options.side),
            "at least " + std::to_string(kLeast << options.d_layers));
}

class CycleTranslator : public Translator {
 public:
  CycleTranslator(nn::Translator a, nn::Translator b) : a_(std::move(a)), b_(std::move(b)) {}
  std::vector<Direction> directions() const override {
    return {{"a2b", 0, 1, "netG_A"}, {"b2a", 1, 0, "netG_B"}};
  }
  Translation Translate(const Direction& direction, const torch::Tensor& pictures) override {
    const torch::NoGradGuard no_grad;
    auto &there = direction.from == 0 ? a_ : b_, &back = direction.from == 0 ? b_ : a_;
    const auto like = a_->parameters().front();
    const auto translated = there(pictures.to(like.device(), like.scalar_type()));
    return {translated, back(translated)};
  }
  int64_t step() const override { return 4; }

 private:
  nn::Translator a_, b_;
};

constexpr Named<losses::PatchLoss> kPatchLosses[] = {{losses::PatchLoss::kLeastSquares, "lsgan"},
                                                     {losses::PatchLoss::kCrossEntropy, "vanilla"}};

}  // namespace

void DecayOptions::Declare(OptionList& list) {
  FidelityOptions::Declare(list);
  list.Group("Optimizers");
  list.Add("lr_policy", &lr_policy, kDecayPolicies,
           "CycleGAN: how the rates go down; linear: to 0 in the last --n_epochs_decay epochs");
  list.Add("n_epochs", &n_epochs, AtLeast(1), "CycleGAN: epochs at the full rate; cosine: to the least rate");
  list.Add("n_epochs_decay", &n_epochs_decay, AtLeast(0), "CycleGAN: epochs in which the rates go down to 0");
  list.Add("lr_decay_epochs", &lr_decay_epochs, AtLeast(1),
           "CycleGAN, --lr_policy=step: the rates fall to a tenth every so many epochs");
}

double DecayOptions::FactorOf(int64_t epoch) const {
  const int64_t advanced = released() ? epoch + 1 : epoch;
  if (lr_policy == DecayPolicy::kStep) return std::pow(0.1, static_cast<double>(advanced / lr_decay_epochs));
  if (lr_policy == DecayPolicy::kCosine)
    return (1 + std::cos(std::numbers::pi * static_cast<double>(advanced) / static_cast<double>(n_epochs))) /
           2;
  const auto over = static_cast<double>(std::max<int64_t>(0, advanced + 1 - n_epochs));
  return std::max(0.0, 1 - over / static_cast<double>(n_epochs_decay + 1));
}

void CycleGanOptions::Declare(OptionList& list) {
  ResidualOptions::Declare(list);
  AdamBetaOptions::Declare(list);
  DecayOptions::Declare(list);
  list.Group("Shapes");
  list.Add("side", &side, OfPictures(), "CycleGAN: side of the pictures (crop_size)");
  list.Add("gf", &gf, Between(1, kWidest), "Generator width (ngf)");
  list.Add("df", &df, Between(1, kWidest), "Discriminator width (ndf)");
  list.Add("d_layers", &d_layers, Between(1, 6),
           "CycleGAN: strided convolutions of a discriminator; 3 judge patches of 70 x 70 pixels");
  list.Group("Losses");
  list.Add("lambda_a", &lambda_a, AtLeast(0), "CycleGAN: weight of the cycle a, b, a");
  list.Add("lambda_b", &lambda_b, AtLeast(0), "CycleGAN: weight of the cycle b, a, b");
  list.Add("lambda_identity", &lambda_identity, AtLeast(0),
           "CycleGAN: weight of the identity loss, times that of a cycle (0: none)");
  list.Add("gan_loss", &gan_loss, kPatchLosses, "CycleGAN: least squares, or cross-entropy of logits");
  list.Add("pool_size", &pool_size, Between(0, 1e6),
           "CycleGAN: earlier fakes of a domain that its discriminator sees beside the newest (0: none)");
  RateOptions::Declare(list, /*several=*/true);
  AverageOptions::Declare(list, /*several=*/true);
}

CycleGan::CycleGan(const CycleGanOptions& options, const Surroundings& surroundings)
    : options_(options),
      loss_scope_(surroundings.loss_scope),
      generator_a_(nn::TranslatorOptions{options.gf, options.residual_blocks}),
      generator_b_(nn::TranslatorOptions{options.gf, options.residual_blocks}),
      critic_a_(nn::PatchCriticOptions{options.df, options.d_layers}),
      critic_b_(nn::PatchCriticOptions{options.df, options.d_layers}),
      pool_a_(options.pool_size, {3, options.side, options.side}),
      pool_b_(options.pool_size, {3, options.side, options.side}) {
  CheckPatches(options);
  nn::InitializeNormalZeroBias(*generator_a_, RandomKey(surroundings.seed, "generator", {0}));
  nn::InitializeNormalZeroBias(*generator_b_, RandomKey(surroundings.seed, "generator", {1}));
  nn::InitializeNormalZeroBias(*critic_a_, RandomKey(surroundings.seed, "discriminator", {0}));
  nn::InitializeNormalZeroBias(*critic_b_, RandomKey(surroundings.seed, "discriminator", {1}));
  LoadStart(surroundings.weights);
}

// Whichever networks the file has. Those of before mid-2018 also hold statistics, which nothing read.
void CycleGan::LoadStart(const PretrainedWeights& weights) {
  const auto& given = weights.Of("translators");
  bool found = given.empty();
  for (const auto& part : Parts()) {
    NamedTensors own;
    for (const auto& entry : WithoutPrefix(given, part.name + "."))
      if (entry.first.ends_with("weight") || entry.first.ends_with("bias")) own.push_back(entry);
    if (own.empty()) continue;
    CopyState(own, WithoutPrefix(part.tensors, part.name + "."), "--translators, " + part.name);
    found = true;
  }
  if (!found)
    ThrowUser("has no tensor of netG_A., netG_B., netD_A. or netD_B.", "--translators",
              "scripts/convert_weights.py --out=FILE netG_A.=latest_net_G_A.pth ... makes one");
}

// Pictures and nothing else; those of b in any order, as many as an epoch has, some of them twice.
std::vector<dataio::DomainNeeds> CycleGan::Needs() const {
  const dataio::DomainNeeds a{
      .data = "data", .sides = {options_.side}, .captions = false, .order = dataio::Order::kDrawn};
  auto b = a;
  b.data = "data_b";
  b.order = dataio::Order::kAtRandom;
  return {a, b};
}

std::vector<Part> CycleGan::Parts() const {
  std::vector<Part> parts{
      PartOf("netG_A", Role::kTrained, *generator_a_), PartOf("netG_B", Role::kTrained, *generator_b_),
      PartOf("netD_A", Role::kTrained, *critic_a_), PartOf("netD_B", Role::kTrained, *critic_b_)};
  if (options_.pool_size == 0) return parts;
  parts.push_back({"pool_a", Role::kMemory, pool_a_.State("pool_a.")});
  parts.push_back({"pool_b", Role::kMemory, pool_b_.State("pool_b.")});
  return parts;
}

RateFactor CycleGan::Decay() const {
  return [decay = DecayOptions(options_)](const StepContext& at) {
    return decay.FactorOf(at.step / at.steps_per_epoch);
  };
}

// The published code has one Adam for both discriminators; it is the same as one for each.
std::vector<Round> CycleGan::Rounds() {
  const Round discriminators{
      DiscriminatorPhase("d_a", "netD_A.", critic_a_, &CycleGanStep::real_b, &CycleGanStep::pooled_b),
      DiscriminatorPhase("d_b", "netD_B.", critic_b_, &CycleGanStep::real_a, &CycleGanStep::pooled_a)};
  return {{GeneratorPhase()}, discriminators};
}

Phase CycleGan::GeneratorPhase() {
  auto phase = MakePhase("g", *generator_a_, "netG_A.", AdamWith(options_, options_.g_rate), Decay());
  Append(phase.parameters, TrainedParametersOf(*generator_b_, "netG_B."));
  phase.optimizer.ema_decay = options_.ema_decay;
  phase.through = {"netD_A", "netD_B"};
  phase.loss = LossOf<CycleGanStep>([this](auto& step) { return GeneratorTerms(step); });
  return phase;
}

// Fakes are those from before the generators' update, so that nothing here waits for it.
Phase CycleGan::DiscriminatorPhase(const char* name, const char* part, nn::PatchCritic& critic,
                                   torch::Tensor CycleGanStep::*real, torch::Tensor CycleGanStep::*fake) {
  auto phase = MakePhase(name, *critic, part, AdamWith(options_, options_.d_rate), Decay());
  phase.early_loss = LossOf<CycleGanStep>([this, critic, real, fake](auto& own) mutable {
    const auto logits = critic(torch::cat({own.*real, own.*fake})).chunk(2);
    return LossTerms{{"real", AdversarialLoss(logits[0], 1, own) * 0.5},
                     {"fake", AdversarialLoss(logits[1], 0, own) * 0.5}};
  });
  return phase;
}

torch::Tensor CycleGan::AdversarialLoss(const torch::Tensor& logits, double label,
                                        const CycleGanStep& step) const {
  return losses::PatchGanLoss(logits, label, options_.gan_loss, Scope(step));
}

// What comes back in a and in b; for the identity loss also step.same_a and same_b. Instance norm sees rows
// one by one: what a generator is shown twice goes through it at once.
std::pair<torch::Tensor, torch::Tensor> CycleGan::ComeBack(CycleGanStep& step) {
  if (options_.lambda_identity == 0) {
    const auto back_a = generator_b_(step.fake_b);
    return {back_a, generator_a_(step.fake_a)};
  }
  const auto from_b = generator_b_(torch::cat({step.fake_b, step.real_a})).chunk(2);
  const auto from_a = generator_a_(torch::cat({step.fake_a, step.real_b})).chunk(2);
  step.same_b = from_b[1];
  step.same_a = from_a[1];
  return {from_b[0], from_a[0]};
}

// The identity loss of a generator carries the weight of the cycle that its domain of pictures begins.
LossTerms CycleGan::GeneratorTerms(CycleGanStep& step) {
  const auto distance = [&](const torch::Tensor& a, const torch::Tensor& b, double weight) {
    return losses::MeanAbsoluteDifference(a, b, Scope(step)) * weight;
  };
  const auto [back_a, back_b] = ComeBack(step);
  LossTerms terms{{"adversarial_a", AdversarialLoss(critic_a_(step.fake_b), 1, step)},
                  {"adversarial_b", AdversarialLoss(critic_b_(step.fake_a), 1, step)},
                  {"cycle_a", distance(back_a, step.real_a, options_.lambda_a)},
                  {"cycle_b", distance(back_b, step.real_b, options_.lambda_b)}};
  step.back_a = back_a.detach();
  step.back_b = back_b.detach();
  const double identity = options_.lambda_identity;
  if (identity == 0) return terms;
  terms.push_back({"identity_a", distance(step.same_a, step.real_b, options_.lambda_b * identity)});
  terms.push_back({"identity_b", distance(step.same_b, step.real_a, options_.lambda_a * identity)});
  step.same_a = step.same_a.detach();
  step.same_b = step.same_b.detach();
  return terms;
}

// Every rank shows the pool the fakes of all, and takes its own rows of what comes out.
torch::Tensor CycleGan::Pooled(ImagePool& pool, const char* purpose, const torch::Tensor& fakes,
                               const CycleGanStep& step) {
  const auto& rows = step.batch.rows;
  const auto& context = step.context;
  const auto recorded = context.noise ? context.noise(purpose).to(torch::kFloat64).cpu() : torch::Tensor();
  const auto chance = [&](int64_t row) -> ImagePool::Chance {
    if (recorded.defined()) {
      const auto drawn = recorded[row];
      return {drawn[0].item<double>(), static_cast<int64_t>(drawn[1].item<double>())};
    }
    RandomStream random(RandomKey(context.seed, purpose, {context.step, row}));
    const double p = random.Unit();
    return {p, random.Below(pool.size())};
  };
  const auto all = GatherRows(loss_scope_, fakes.detach(), rows);
  return pool.Exchange(all, chance).narrow(0, rows.first, rows.local);
}

void CycleGan::CheckRun(const dataio::Batch& batch, const StepContext& context) const {
  if (loss_scope_.ranks() == 1 && !batch.rows.whole())
    ThrowUser("does not go with an image pool, which is the same on all ranks", "--negatives=local");
  const int64_t epochs = options_.n_epochs + options_.n_epochs_decay;
  if (options_.lr_policy != DecayPolicy::kLinear || context.steps <= epochs * context.steps_per_epoch) return;
  ThrowUser("the learning rates are 0 after " + std::to_string(epochs) +
                " epochs, and the run is longer: it has " +
                std::to_string((context.steps + context.steps_per_epoch - 1) / context.steps_per_epoch),
            "--n_epochs, --n_epochs_decay",
            "--epochs=" + std::to_string(epochs) + ", or let the rates go down later");
}

std::unique_ptr<Step> CycleGan::Prepare(const dataio::Batch& batch, const StepContext& context) {
  CheckRun(batch, context);
  auto step = std::make_unique<CycleGanStep>(batch, context);
  step->real_a = batch.domains.at(0).images.back();
  step->real_b = batch.domains.at(1).images.back();
  step->fake_b = generator_a_(step->real_a);
  step->fake_a = generator_b_(step->real_b);
  step->pooled_b = Pooled(pool_b_, "pool_b", step->fake_b, *step);
  step->pooled_a = Pooled(pool_a_, "pool_a", step->fake_a, *step);
  return step;
}

std::unique_ptr<Translator> CycleGan::MakeTranslator() {
  return std::make_unique<CycleTranslator>(generator_a_, generator_b_);
}

std::unique_ptr<Validation> CycleGan::MakeValidation() {
  return std::make_unique<TranslationScore>(MakeTranslator());
}

std::unique_ptr<System> MakeCycleGan(const CycleGanOptions& options, const Surroundings& surroundings) {
  return std::make_unique<CycleGan>(options, surroundings);
}

}  // namespace helio::recipes
