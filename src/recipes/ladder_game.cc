#include "src/recipes/ladder_game.h"

#include "src/base/noise.h"
#include "src/losses/adversarial.h"
#include "src/losses/kl.h"
#include "src/nn/freeze.h"
#include "src/nn/init.h"

namespace helio::recipes {
namespace {

nn::GeneratorOptions GeneratorOptionsOf(const RecipeOptions& options, nn::AttentionKind attention,
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
  return generator;
}

AdamOptions GanAdam(const RecipeOptions& options, double rate) {
  AdamOptions adam;
  adam.learning_rate = rate;
  adam.beta1 = options.beta1;
  adam.beta2 = options.beta2;
  return adam;
}

}  // namespace

LadderGame::LadderGame(const RecipeOptions& options, const RecipeContext& context,
                       nn::AttentionKind attention, bool only_last)
    : options_(options), batch_(context.batch), negatives_(context.negatives) {
  generator_ = nn::Generator(GeneratorOptionsOf(options, attention, only_last));
  nn::InitializeOrthogonal(*generator_, RandomKey(context.seed, "generator"));
  nn::UseGlobalBatch(*generator_, &context.batch);
  for (int64_t stage = only_last ? options.stages - 1 : 0; stage < options.stages; ++stage) {
    auto& discriminator = discriminators_.emplace_back(nn::DiscriminatorOptions{
        .df = options.df, .embedding = options.embedding, .side = options.base_side << stage});
    nn::InitializeOrthogonal(*discriminator, RandomKey(context.seed, "discriminator", {stage}));
    nn::UseGlobalBatch(*discriminator, &context.batch);
  }
}

nn::WordMask LadderGame::MaskOf(const TextCondition& text, const RowRange& rows) {
  nn::WordMask mask;
  if (options_.released) {
    mask.tiled = GatherRows(negatives_, text.padding.to(torch::kInt64), rows).to(torch::kBool);
    mask.rows = rows;
  } else {
    mask.padding = text.padding;
  }
  return mask;
}

void LadderGame::Imagine(const TextCondition& text, const dataio::Batch& batch, const StepContext& context) {
  data_ = &batch;
  text_ = text;
  const auto draw = [&](const char* purpose, int64_t size) {
    return NormalRows(RandomKey(context.seed, purpose, {context.step}), batch.rows, {size}, context.dtype)
        .to(context.device);
  };
  generator_->train();
  drawn_ = generator_->forward({.noise = draw("noise", options_.z),
                                .condition_noise = draw("condition_noise", options_.condition),
                                .sentence = text.sentence,
                                .words = text.words,
                                .mask = MaskOf(text, batch.rows)});
}

// Local negatives see the own rows as a whole batch.
losses::BatchScope LadderGame::Scope() {
  const bool local = negatives_.ranks() == 1 && !data_->rows.whole();
  return {negatives_, local ? RowRange{0, data_->rows.local, data_->rows.local} : data_->rows};
}

Round LadderGame::DiscriminatorRound() {
  Round round;
  for (size_t i = discriminators_.size(); i-- > 0;) {
    Phase phase;
    phase.name = "d" + std::to_string(discriminators_[i]->side());
    phase.parameters = ParametersOf(*discriminators_[i], "netD" + std::to_string(i) + ".");
    phase.optimizer = GanAdam(options_, options_.d_rate);
    phase.loss = [this, i] { return DiscriminatorTerms(i); };
    round.push_back(std::move(phase));
  }
  return round;
}

LossTerms LadderGame::DiscriminatorTerms(size_t i) {
  const auto& real = data_->images[data_->images.size() - discriminators_.size() + i];
  return losses::DiscriminatorLoss(discriminators_[i], real, drawn_.images[i], text_.sentence, Scope());
}

Phase LadderGame::GeneratorPhase(std::function<LossTerms()> own_terms) {
  Phase phase;
  phase.name = "g";
  phase.parameters = ParametersOf(*generator_, "netG.");
  phase.optimizer = GanAdam(options_, options_.g_rate);
  phase.optimizer.ema_decay = options_.ema_decay;
  phase.early_loss = [this, own = std::move(own_terms)] {
    LossTerms terms = own();
    for (auto& term : KlTerm()) terms.push_back(std::move(term));
    return terms;
  };
  phase.loss = [this] { return AdversarialTerms(); };
  return phase;
}

LossTerms LadderGame::AdversarialTerms() {
  LossTerms terms;
  for (size_t i = 0; i < discriminators_.size(); ++i) {
    const nn::ScopedFreeze frozen(*discriminators_[i]);
    const auto suffix = std::to_string(discriminators_[i]->side());
    for (auto& term :
         losses::GeneratorLoss(discriminators_[i], drawn_.images[i], text_.sentence, Scope(), suffix))
      terms.push_back(std::move(term));
  }
  return terms;
}

LossTerms LadderGame::KlTerm() {
  return {{"kl", losses::KlLoss(drawn_.mean, drawn_.logvar, Scope()) * options_.kl_weight}};
}

NamedTensors LadderGame::State() const {
  NamedTensors state = StateOf(*generator_, "netG.");
  for (size_t i = 0; i < discriminators_.size(); ++i)
    Append(state, StateOf(*discriminators_[i], "netD" + std::to_string(i) + "."));
  return state;
}

Pictures LadderGame::Draw(const TextCondition& text, const torch::Tensor& noise,
                          const torch::Tensor& condition_noise) {
  torch::NoGradGuard no_grad;
  generator_->eval();
  nn::WordMask mask;
  mask.padding = text.padding;
  auto output = generator_->forward({.noise = noise,
                                     .condition_noise = condition_noise,
                                     .sentence = text.sentence,
                                     .words = text.words,
                                     .mask = mask});
  return {std::move(output.images), std::move(output.attention)};
}

void LadderGame::ReestimateBatchNorm(const std::vector<TextCondition>& batches, uint64_t seed) {
  torch::NoGradGuard no_grad;
  nn::UseGlobalBatch(*generator_, nullptr);
  nn::SetCumulativeStatistics(*generator_, true);
  generator_->train();
  for (size_t i = 0; i < batches.size(); ++i) {
    const auto& text = batches[i];
    const int64_t rows = text.sentence.size(0);
    const auto draw = [&](const char* purpose, int64_t size) {
      const auto key = RandomKey(seed, purpose, {static_cast<int64_t>(i)});
      return NormalRows(key, {0, rows, rows}, {size}, text.sentence.scalar_type()).to(text.sentence.device());
    };
    nn::WordMask mask;
    mask.padding = text.padding;
    generator_->forward({.noise = draw("estimate_noise", options_.z),
                         .condition_noise = draw("estimate_condition", options_.condition),
                         .sentence = text.sentence,
                         .words = text.words,
                         .mask = mask});
  }
  nn::SetCumulativeStatistics(*generator_, false);
  nn::UseGlobalBatch(*generator_, &batch_);
}

}  // namespace helio::recipes
