#include "src/recipes/ladder_game.h"

#include "src/base/random.h"
#include "src/losses/adversarial.h"
#include "src/losses/kl.h"
#include "src/nn/init.h"
#include "src/recipes/module_drawer.h"

namespace helio::recipes {
namespace {

constexpr Named<nn::Upsampling> kUpsamplings[] = {{nn::Upsampling::kNearest, "nearest"},
                                                  {nn::Upsampling::kBilinear, "bilinear"}};

nn::GeneratorOptions GeneratorOptionsOf(const LadderOptions& options, nn::AttentionKind attention,
                                        bool only_last) {
  nn::GeneratorOptions generator;
  generator.gf = options.gf;
  generator.embedding = options.embedding;
  generator.condition = options.condition;
  generator.z = options.z;
  generator.residual_blocks = options.residual_blocks;
  generator.stages = options.stages;
  generator.base_side = options.base_side;
  generator.attention = attention;
  generator.only_last_image = only_last;
  generator.upsampling = options.upsampling;
  return generator;
}

nn::WordMask PaddingMask(const TextCondition& text) {
  nn::WordMask mask;
  mask.padding = text.padding;
  return mask;
}

}  // namespace

void LadderOptions::Declare(OptionList& list) {
  PictureOptions::Declare(list);
  GanOptions::Declare(list);
  ResidualOptions::Declare(list);
  FrozenTextOptions::Declare(list);
  FidelityOptions::Declare(list);
  list.Group("Shapes");
  list.Add("upsampling", &upsampling, kUpsamplings,
           "How a stage's maps are doubled (published: nearest, which may leave a fine grid in pictures)");
}

LadderGame::LadderGame(const LadderOptions& options, const Surroundings& surroundings,
                       nn::AttentionKind attention, bool only_last)
    : options_(options),
      norm_scope_(surroundings.norm_scope),
      loss_scope_(surroundings.loss_scope),
      text_encoder_(options, surroundings) {
  generator_ = nn::Generator(GeneratorOptionsOf(options, attention, only_last));
  nn::InitializeOrthogonal(*generator_, RandomKey(surroundings.seed, "generator"));
  nn::UseGlobalBatch(*generator_, &norm_scope_);
  for (int64_t stage = only_last ? options.stages - 1 : 0; stage < options.stages; ++stage) {
    auto& discriminator = discriminators_.emplace_back(
        nn::DiscriminatorOptions{.df = options.df,
                                 .embedding = options.embedding,
                                 .side = options.base_side << stage,
                                 .unconditional = !only_last});  // published: D_NET256(b_jcu=False)
    nn::InitializeOrthogonal(*discriminator, RandomKey(surroundings.seed, "discriminator", {stage}));
    nn::UseGlobalBatch(*discriminator, &norm_scope_);
  }
}

std::vector<dataio::DomainNeeds> LadderGame::Needs() const {
  auto sides = options_.sides();
  sides.erase(sides.begin(), sides.end() - std::ssize(discriminators_));
  return {{.sides = sides, .words = options_.words}};
}

std::vector<Part> LadderGame::Parts() const {
  std::vector<Part> parts{PartOf("netG", Role::kTrained, *generator_)};
  for (size_t stage = 0; stage < discriminators_.size(); ++stage)
    parts.push_back(PartOf(DiscriminatorName(stage), Role::kTrained, *discriminators_[stage]));
  parts.push_back(PartOf("text_encoder", Role::kFrozen, *text_encoder_.encoder()));
  return parts;
}

std::vector<Round> LadderGame::Rounds() {
  Round discriminators;
  for (size_t stage = discriminators_.size(); stage-- > 0;)
    discriminators.push_back(DiscriminatorPhase(stage));
  return {discriminators, {GeneratorPhase()}};
}

nn::WordMask LadderGame::MaskOf(const TextCondition& text, const RowRange& rows) {
  if (!options_.released()) return PaddingMask(text);
  nn::WordMask mask;
  mask.tiled = GatherRows(loss_scope_, text.padding.to(torch::kInt64), rows).to(torch::kBool);
  mask.rows = losses::ScopeOf(loss_scope_, rows).rows;
  return mask;
}

std::unique_ptr<Step> LadderGame::Prepare(const dataio::Batch& batch, const StepContext& context) {
  auto step = std::make_unique<LadderStep>(batch, context);
  step->text = text_encoder_.Encode(batch, context);
  generator_->train();
  step->drawn = generator_->forward(
      {.noise = context.Noise("noise", batch.rows, options_.z),
       .condition_noise = context.Noise("condition_noise", batch.rows, options_.condition),
       .sentence = step->text.sentence,
       .words = step->text.words,
       .mask = MaskOf(step->text, batch.rows)});
  return step;
}

Phase LadderGame::DiscriminatorPhase(size_t stage) {
  auto phase = MakePhase("d" + std::to_string(discriminators_[stage]->side()), *discriminators_[stage],
                         DiscriminatorName(stage) + ".", AdamWith(options_, options_.d_rate));
  phase.loss = LossOf<LadderStep>([this, stage](auto& step) { return DiscriminatorTerms(step, stage); });
  return phase;
}

Phase LadderGame::GeneratorPhase() {
  auto phase = MakePhase("g", *generator_, "netG.", AdamWith(options_, options_.g_rate));
  phase.optimizer.ema_decay = options_.ema_decay;
  for (size_t stage = 0; stage < discriminators_.size(); ++stage)
    phase.through.push_back(DiscriminatorName(stage));
  phase.early_loss = LossOf<LadderStep>([this](auto& step) {
    LossTerms terms = OwnTerms(step);
    terms.push_back(KlTerm(step));
    return terms;
  });
  phase.loss = LossOf<LadderStep>([this](auto& step) { return AdversarialTerms(step); });
  return phase;
}

LossTerms LadderGame::DiscriminatorTerms(LadderStep& step, size_t stage) {
  return losses::DiscriminatorLoss(*discriminators_[stage], step.data.images[stage], step.drawn.images[stage],
                                   step.text.sentence, Scope(step));
}

LossTerms LadderGame::AdversarialTerms(LadderStep& step) {
  LossTerms terms;
  for (size_t stage = 0; stage < discriminators_.size(); ++stage)
    Append(terms, losses::GeneratorLoss(*discriminators_[stage], step.drawn.images[stage], step.text.sentence,
                                        Scope(step), std::to_string(discriminators_[stage]->side())));
  return terms;
}

LossTerm LadderGame::KlTerm(const LadderStep& step) const {
  return {"kl", losses::KlLoss(step.drawn.mean, step.drawn.logvar, Scope(step)) * options_.kl_weight};
}

nn::GeneratorInput LadderGame::DrawingInput(const Prompt& prompt, const DrawingRows& rows) {
  const auto like = generator_->parameters().front();
  const auto text = text_encoder_.Encode(prompt, like.device());
  return {.noise = DrawingNoise(rows, "noise", options_.z, like),
          .condition_noise = DrawingNoise(rows, "condition_noise", options_.condition, like),
          .sentence = text.sentence,
          .words = text.words,
          .mask = PaddingMask(text)};
}

std::unique_ptr<Drawer> LadderGame::MakeDrawer() {
  return std::make_unique<ModuleDrawer>(
      *generator_, norm_scope_, "netG", [this](const Prompt& prompt, const DrawingRows& rows) {
        auto output = generator_->forward(DrawingInput(prompt, rows));
        return Pictures{std::move(output.images), std::move(output.attention)};
      });
}

}  // namespace helio::recipes
