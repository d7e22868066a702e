#include "src/recipes/stackgan_pp.h"

#include "src/base/error.h"
#include "src/base/random.h"
#include "src/losses/adversarial.h"
#include "src/losses/colour.h"
#include "src/losses/kl.h"
#include "src/nn/init.h"
#include "src/recipes/module_drawer.h"

namespace helio::recipes {

void StackGanPpOptions::Declare(OptionList& list) {
  PictureOptions::Declare(list);
  GanOptions::Declare(list);
  FidelityOptions::Declare(list);
  ResidualOptions::Declare(list);
  SentenceOptions::Declare(list);
  list.Group("Shapes");
  list.Add("conditional", &conditional, AnyValue(), "StackGAN++: pictures of a text; off: of noise alone");
  list.Group("Losses");
  list.Add("snapshot_interval", &snapshot_interval, AtLeast(1),
           "StackGAN++ with --fidelity=released: steps after which the average becomes the generator "
           "(SNAPSHOT_INTERVAL)");
  list.Add("uncond_weight", &uncond_weight, AtLeast(0),
           "StackGAN++: weight of the unconditional terms of a conditional tree (UNCOND_LOSS)");
  list.Add("colour_weight", &colour_weight, AtLeast(0),
           "StackGAN++: weight of colour consistency between scales (COLOR_LOSS; unconditional 50)");
}

StackGanPp::StackGanPp(const StackGanPpOptions& options, const Surroundings& surroundings)
    : options_(options), norm_scope_(surroundings.norm_scope), loss_scope_(surroundings.loss_scope) {
  if (options.gf >> (options.stages - 1) == 0)
    ThrowUser("has no channel left to halve in stage " + std::to_string(options.stages),
              "--gf=" + std::to_string(options.gf), "at least 2 to the power of --stages - 1");
  if (options.conditional) sentences_ = std::make_unique<SentenceSource>(options, surroundings);
  MakeGenerator(surroundings.seed);
  for (int64_t branch = 0; branch < options.stages; ++branch) AddCritic(branch, surroundings.seed);
}

void StackGanPp::MakeGenerator(uint64_t seed) {
  generator_ = nn::TreeGenerator(nn::TreeOptions{.gf = options_.gf,
                                                 .embedding = sentences_ ? sentences_->size() : 0,
                                                 .condition = options_.condition,
                                                 .z = options_.z,
                                                 .residual_blocks = options_.residual_blocks,
                                                 .stages = options_.stages,
                                                 .base_side = options_.base_side,
                                                 .conditional = options_.conditional});
  nn::InitializeOrthogonal(*generator_, RandomKey(seed, "generator"));
  nn::UseGlobalBatch(*generator_, &norm_scope_);
}

void StackGanPp::AddCritic(int64_t branch, uint64_t seed) {
  auto& critic = critics_.emplace_back(nn::TreeCriticOptions{.df = options_.df,
                                                             .condition = options_.condition,
                                                             .side = options_.base_side << branch,
                                                             .conditional = options_.conditional});
  nn::InitializeOrthogonal(*critic, RandomKey(seed, "discriminator", {branch}));
  nn::UseGlobalBatch(*critic, &norm_scope_);
}

std::vector<dataio::DomainNeeds> StackGanPp::Needs() const {
  dataio::DomainNeeds needs{.sides = options_.sides(), .words = options_.words};
  needs.captions = needs.wrong_images = options_.conditional;
  needs.order = dataio::Order::kDrawn;
  if (sentences_) sentences_->AddNeeds(needs);
  return {needs};
}

std::vector<Part> StackGanPp::Parts() const {
  std::vector<Part> parts{PartOf("netG", Role::kTrained, *generator_)};
  for (size_t branch = 0; branch < critics_.size(); ++branch)
    parts.push_back(PartOf(DiscriminatorName(branch), Role::kTrained, *critics_[branch]));
  if (sentences_) sentences_->AddParts(parts);
  return parts;
}

std::vector<Round> StackGanPp::Rounds() {
  Round discriminators;
  for (size_t branch = critics_.size(); branch-- > 0;) discriminators.push_back(DiscriminatorPhase(branch));
  return {discriminators, {GeneratorPhase()}};
}

Phase StackGanPp::DiscriminatorPhase(size_t branch) {
  auto phase = MakePhase("d" + std::to_string(critics_[branch]->side()), *critics_[branch],
                         DiscriminatorName(branch) + ".", AdamWith(options_, options_.d_rate));
  phase.loss =
      LossOf<TreeStep>([this, branch](const auto& step) { return DiscriminatorTerms(step, branch); });
  return phase;
}

Phase StackGanPp::GeneratorPhase() {
  auto phase = MakePhase("g", *generator_, "netG.", AdamWith(options_, options_.g_rate));
  phase.optimizer.ema_decay = options_.ema_decay;
  if (options_.released()) phase.optimizer.average_taken_every = options_.snapshot_interval;
  for (size_t branch = 0; branch < critics_.size(); ++branch)
    phase.through.push_back(DiscriminatorName(branch));
  phase.early_loss = LossOf<TreeStep>([this](const auto& step) { return OwnTerms(step); });
  phase.loss = LossOf<TreeStep>([this](const auto& step) { return AdversarialTerms(step); });
  return phase;
}

LossTerm StackGanPp::Judged(const char* name, const torch::Tensor& logits, double target, double weight,
                            const TreeStep& step) const {
  return {name, losses::BinaryCrossEntropy(logits, target, Scope(step)) * weight};
}

LossTerms StackGanPp::DiscriminatorTerms(const TreeStep& step, size_t branch) {
  if (options_.conditional) return ConditionalTerms(step, branch);
  auto& critic = *critics_[branch];
  const auto features = critic.Features({step.data.images[branch], step.drawn.images[branch].detach()});
  return {Judged("real", critic.Unconditional(features[0]), 1, 1, step),
          Judged("fake", critic.Unconditional(features[1]), 0, 1, step)};
}

// A plain sum: a wrong picture is a real one to the unconditional head. Without unconditional terms the two
// kinds of negatives share one weight.
LossTerms StackGanPp::ConditionalTerms(const TreeStep& step, size_t branch) {
  auto& critic = *critics_[branch];
  const auto &real = step.data.images[branch], fake = step.drawn.images[branch].detach();
  LossTerms terms;
  const auto add = [&](const char* name, const torch::Tensor& logits, double target, double weight) {
    terms.push_back(Judged(name, logits, target, weight, step));
  };
  const auto features = critic.Features({real, step.data.wrong_images[branch], fake});
  const auto mean = step.drawn.mean.detach();
  const auto logits = critic.Conditional({{features[0], mean}, {features[1], mean}, {features[2], mean}});
  const double uncond = options_.uncond_weight, negative = uncond > 0 ? 1 : 0.5;
  add("real_cond", logits[0], 1, 1);
  add("wrong_cond", logits[1], 0, negative);
  add("fake_cond", logits[2], 0, negative);
  if (uncond == 0) return terms;
  add("real_uncond", critic.Unconditional(features[0]), 1, uncond);
  add("wrong_uncond", critic.Unconditional(features[1]), 1, uncond);
  add("fake_uncond", critic.Unconditional(features[2]), 0, uncond);
  return terms;
}

LossTerms StackGanPp::OwnTerms(const TreeStep& step) const {
  LossTerms terms;
  if (options_.conditional)
    terms.push_back(
        {"kl", losses::KlLoss(step.drawn.mean, step.drawn.logvar, Scope(step)) * options_.kl_weight});
  if (options_.colour_weight > 0)
    for (const auto& term : losses::ColourConsistency(step.drawn.images, Scope(step)))
      terms.push_back({term.name, term.value * options_.colour_weight});
  return terms;
}

// The condition is not detached: the generator also learns through it.
LossTerms StackGanPp::AdversarialTerms(const TreeStep& step) {
  LossTerms terms;
  for (size_t branch = 0; branch < critics_.size(); ++branch) {
    auto& critic = *critics_[branch];
    const auto side = std::to_string(critic.side());
    const auto features = critic.Features({step.drawn.images[branch]})[0];
    if (options_.conditional)
      terms.push_back(
          {"cond" + side,
           losses::BinaryCrossEntropy(critic.Conditional({{features, step.drawn.mean}})[0], 1, Scope(step))});
    const double weight = options_.conditional ? options_.uncond_weight : 1;
    if (weight > 0)
      terms.push_back({"uncond" + side,
                       losses::BinaryCrossEntropy(critic.Unconditional(features), 1, Scope(step)) * weight});
  }
  return terms;
}

nn::TreeInput StackGanPp::InputOf(const std::function<torch::Tensor()>& sentence,
                                  const DrawNoise& noise) const {
  nn::TreeInput input{.noise = noise("noise", options_.z), .sentence = {}, .condition_noise = {}};
  if (!sentences_) return input;
  input.sentence = sentence();
  input.condition_noise = noise("condition_noise", options_.condition);
  return input;
}

std::unique_ptr<Step> StackGanPp::Prepare(const dataio::Batch& batch, const StepContext& context) {
  auto step = std::make_unique<TreeStep>(batch, context);
  generator_->train();
  step->drawn = generator_->forward(
      InputOf([&] { return sentences_->Of(batch, context); },
              [&](const char* purpose, int64_t size) { return context.Noise(purpose, batch.rows, size); }));
  return step;
}

std::string StackGanPp::WhyNotCaptured() const {
  if (options_.released()) return "the preview of --fidelity=released draws with a step's captions after it";
  return WhyRanksAreAsked(norm_scope_, loss_scope_);
}

// The published preview at a snapshot: the same noise each time, in training mode, so that it moves the
// running statistics.
void StackGanPp::Conclude(std::span<const std::unique_ptr<Step>> steps) {
  const auto& step = static_cast<const TreeStep&>(*steps.back());
  if (!options_.released() || (step.context.step + 1) % options_.snapshot_interval != 0) return;
  const torch::NoGradGuard no_grad;
  auto first = step.context;
  first.step = 0;
  generator_->forward(InputOf([&] { return sentences_->Of(step.batch, step.context); },
                              [&](std::string_view purpose, int64_t size) {
                                const auto& context = purpose == "noise" ? first : step.context;
                                return context.Noise("preview_" + std::string(purpose), step.batch.rows,
                                                     size);
                              }));
}

std::unique_ptr<Drawer> StackGanPp::MakeDrawer() {
  return std::make_unique<ModuleDrawer>(
      *generator_, norm_scope_, "netG", [this](const Prompt& prompt, const DrawingRows& rows) {
        const auto like = generator_->parameters().front();
        const auto input = InputOf(
            [&] { return sentences_->Of(prompt, like.device()).to(like.scalar_type()); },
            [&](const char* purpose, int64_t size) { return DrawingNoise(rows, purpose, size, like); });
        return Pictures{generator_->forward(input).images, {}};
      });
}

std::unique_ptr<System> MakeStackGanPp(const StackGanPpOptions& options, const Surroundings& surroundings) {
  return std::make_unique<StackGanPp>(options, surroundings);
}

}  // namespace helio::recipes
