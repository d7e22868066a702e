#include "src/recipes/stackgan.h"

#include "src/base/error.h"
#include "src/base/random.h"
#include "src/losses/adversarial.h"
#include "src/losses/kl.h"
#include "src/nn/init.h"
#include "src/recipes/module_drawer.h"

namespace helio::recipes {

void StackGanOptions::Declare(OptionList& list) {
  BaseSideOptions::Declare(list);
  GanOptions::Declare(list, /*least_gf=*/2);
  SentenceOptions::Declare(list);
  HalvingOptions::Declare(list);
}

void StackGan2Options::Declare(OptionList& list) {
  StackGanOptions::Declare(list);
  ResidualOptions::Declare(list);
}

StackGan::StackGan(const StackGanOptions& options, const Surroundings& surroundings, int64_t side,
                   bool unconditional)
    : options_(options),
      side_(side),
      norm_scope_(surroundings.norm_scope),
      loss_scope_(surroundings.loss_scope),
      sentences_(options, surroundings),
      critic_(nn::StackGanCriticOptions{
          .df = options.df, .condition = options.condition, .side = side, .unconditional = unconditional}) {
  nn::InitializeNormal(*critic_, RandomKey(surroundings.seed, "discriminator"));
  nn::UseGlobalBatch(*critic_, &norm_scope_);
}

void StackGan::SetGenerator(std::shared_ptr<nn::StackGanGeneratorImpl> generator,
                            const Surroundings& surroundings) {
  generator_ = std::move(generator);
  nn::InitializeNormal(*generator_, RandomKey(surroundings.seed, "generator"));
  nn::UseGlobalBatch(*generator_, &norm_scope_);
}

nn::StackGanOptions StackGan::NetworkOptions() const {
  return {.embedding = sentences_.size(),
          .condition = options_.condition,
          .z = options_.z,
          .gf = options_.gf,
          .residual_blocks = 0,
          .side = options_.base_side};
}

std::vector<dataio::DomainNeeds> StackGan::Needs() const {
  dataio::DomainNeeds needs{.sides = {side_}, .words = options_.words};
  needs.crop = 4 * options_.base_side;  // stage I sees what stage II sees
  sentences_.AddNeeds(needs);
  return {needs};
}

std::vector<Part> StackGan::Parts() const {
  std::vector<Part> parts{PartOf("netG", Role::kTrained, *generator_),
                          PartOf("netD", Role::kTrained, *critic_)};
  sentences_.AddParts(parts);
  return parts;
}

std::vector<Round> StackGan::Rounds() {
  const auto halved = HalvedEvery(options_.decay_epochs);
  auto d = MakePhase("d", *critic_, "netD.", AdamWith(options_, options_.d_rate), halved);
  d.loss = LossOf<StackGanStep>([this](const auto& own) {
    return losses::DiscriminatorLoss(*critic_, own.data.images.back(), own.drawn.image, own.drawn.mean,
                                     Scope(own), losses::HeadOrder::kRealWrongFake);
  });
  auto g = MakePhase("g", *generator_, "netG.", AdamWith(options_, options_.g_rate), halved);
  g.optimizer.ema_decay = options_.ema_decay;
  g.through = {"netD"};
  g.early_loss = LossOf<StackGanStep>([this](const auto& own) {
    return LossTerms{
        {"kl", losses::KlLoss(own.drawn.mean, own.drawn.logvar, Scope(own)) * options_.kl_weight}};
  });
  g.loss = LossOf<StackGanStep>([this](const auto& own) {
    return losses::GeneratorLoss(*critic_, own.drawn.image, own.drawn.mean.detach(), Scope(own));
  });
  return {{d}, {g}};
}

nn::StackGanInput StackGan::InputOf(const torch::Tensor& sentence, const DrawNoise& noise) const {
  const bool two_stages = side_ != options_.base_side;
  return {sentence, noise("noise", options_.z), noise("condition_noise", options_.condition),
          two_stages ? noise("stage1_condition_noise", options_.condition) : torch::Tensor()};
}

std::unique_ptr<Step> StackGan::Prepare(const dataio::Batch& batch, const StepContext& context) {
  auto step = std::make_unique<StackGanStep>(batch, context);
  generator_->train();
  step->drawn =
      generator_->forward(InputOf(sentences_.Of(batch, context), [&](const char* purpose, int64_t size) {
        return context.Noise(purpose, batch.rows, size);
      }));
  return step;
}

Pictures StackGan::Draw(const Prompt& prompt, const DrawingRows& rows) {
  const auto like = generator_->parameters().front();
  const auto sentence = sentences_.Of(prompt, like.device()).to(like.scalar_type());
  const auto drawn = generator_->forward(InputOf(
      sentence, [&](const char* purpose, int64_t size) { return DrawingNoise(rows, purpose, size, like); }));
  Pictures pictures;
  if (drawn.first.defined()) pictures.images.push_back(drawn.first);
  pictures.images.push_back(drawn.image);
  return pictures;
}

std::unique_ptr<Drawer> StackGan::MakeDrawer() {
  return std::make_unique<ModuleDrawer>(
      *generator_, norm_scope_, "netG",
      [this](const Prompt& prompt, const DrawingRows& rows) { return Draw(prompt, rows); });
}

namespace {

class StackGan1 : public StackGan {
 public:
  StackGan1(const StackGanOptions& options, const Surroundings& surroundings)
      : StackGan(options, surroundings, options.base_side, /*unconditional=*/false) {
    SetGenerator(std::make_shared<nn::StackGanStage1Impl>(NetworkOptions()), surroundings);
  }
};

class StackGan2 : public StackGan {
 public:
  StackGan2(const StackGan2Options& options, const Surroundings& surroundings)
      : StackGan(options, surroundings, 4 * options.base_side, /*unconditional=*/true) {
    if (options.gf < 4)
      ThrowUser("has no channel left to halve in stage II", "--gf=" + std::to_string(options.gf),
                "at least 4");
    auto network = NetworkOptions();
    network.residual_blocks = options.residual_blocks;
    const auto generator = std::make_shared<nn::StackGanStage2Impl>(network);
    SetGenerator(generator, surroundings);
    const auto& stage1 = surroundings.weights.Of("stage1");
    const bool whole_model = !WithoutPrefix(stage1, "netG.").empty();
    LoadPretrained(*generator->first(), surroundings.weights, "stage1", whole_model ? "netG." : "");
  }
};

}  // namespace

std::unique_ptr<System> MakeStackGan1(const StackGanOptions& options, const Surroundings& surroundings) {
  return std::make_unique<StackGan1>(options, surroundings);
}

std::unique_ptr<System> MakeStackGan2(const StackGan2Options& options, const Surroundings& surroundings) {
  return std::make_unique<StackGan2>(options, surroundings);
}

}  // namespace helio::recipes
