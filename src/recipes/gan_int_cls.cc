#include "src/recipes/gan_int_cls.h"

#include <algorithm>

#include "src/base/noise.h"
#include "src/base/precision.h"
#include "src/losses/adversarial.h"
#include "src/nn/init.h"
#include "src/recipes/module_drawer.h"

namespace helio::recipes {
namespace {

constexpr Named<nn::IntClsVariant> kIntClsVariants[] = {{nn::IntClsVariant::kCub, "cub"},
                                                        {nn::IntClsVariant::kCoco, "coco"}};

using losses::BatchScope;

// Which of the batch's pairs (i, i + B / 2) this rank interpolates: as large a share as its share of rows.
RowRange PairsOf(const RowRange& rows) {
  return {rows.first / 2, rows.end() / 2 - rows.first / 2, rows.global / 2};
}

class GanIntCls : public System {
 public:
  GanIntCls(const GanIntClsOptions& options, const Surroundings& surroundings);
  std::vector<dataio::DomainNeeds> Needs() const override;
  std::vector<Part> Parts() const override;
  std::vector<Round> Rounds() override;
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;
  std::string WhyNotCaptured() const override { return WhyRanksAreAsked(norm_scope_, loss_scope_); }
  std::unique_ptr<Drawer> MakeDrawer() override;

 private:
  Phase PhaseOf(const char* name, const torch::nn::Module& module, const char* prefix, double rate) const;
  LossTerms DiscriminatorTerms(const GanIntClsStep& step);
  void Imagine(GanIntClsStep& step);
  torch::Tensor Interpolated(const GanIntClsStep& step, const RowRange& pairs);
  LossTerms GeneratorTerms(const GanIntClsStep& step);
  torch::Tensor PerRow(const torch::Tensor& logits, double label) const {
    return losses::Torch7CrossEntropy(Exact(logits).sigmoid(), label);
  }
  BatchScope Scope(const BatchStep& step) const { return losses::ScopeOf(loss_scope_, step.batch.rows); }
  bool interpolates() const { return options_.interpolation != Interpolation::kNone; }
  bool sees_wrong_pictures() const { return options_.cls_weight > 0; }

  const GanIntClsOptions options_;
  GlobalBatch& norm_scope_;
  GlobalBatch& loss_scope_;
  SentenceSource sentences_;
  nn::IntClsGenerator generator_{nullptr};
  nn::IntClsCritic critic_{nullptr};
  std::vector<torch::Tensor> convolution_biases_;
};

GanIntCls::GanIntCls(const GanIntClsOptions& options, const Surroundings& surroundings)
    : options_(options),
      norm_scope_(surroundings.norm_scope),
      loss_scope_(surroundings.loss_scope),
      sentences_(options, surroundings),
      generator_(nn::IntClsGeneratorOptions{.embedding = sentences_.size(),
                                            .projection = options.text_projection,
                                            .z = options.z,
                                            .gf = options.gf,
                                            .side = options.base_side}),
      critic_(nn::IntClsCriticOptions{.embedding = sentences_.size(),
                                      .projection = options.text_projection,
                                      .df = options.df,
                                      .side = options.base_side,
                                      .variant = options.critic}) {
  nn::InitializeTorch7(*generator_, RandomKey(surroundings.seed, "generator"));
  nn::InitializeTorch7(*critic_, RandomKey(surroundings.seed, "discriminator"));
  for (torch::nn::Module* net : std::initializer_list<torch::nn::Module*>{&*generator_, &*critic_}) {
    nn::UseGlobalBatch(*net, &norm_scope_);
    for (auto& bias : nn::ConvolutionBiases(*net))
      convolution_biases_.push_back(bias.set_requires_grad(false));
  }
}

std::vector<dataio::DomainNeeds> GanIntCls::Needs() const {
  dataio::DomainNeeds needs{.sides = {options_.base_side}, .words = options_.words};
  needs.wrong_images = sees_wrong_pictures();
  sentences_.AddNeeds(needs);
  needs.embeddings_repeat = options_.sentence_repeats;
  return {needs};
}

std::vector<Part> GanIntCls::Parts() const {
  std::vector<Part> parts{PartOf("netG", Role::kTrained, *generator_),
                          PartOf("netD", Role::kTrained, *critic_)};
  sentences_.AddParts(parts);
  return parts;
}

// Without the biases that stay zero, whether or not somebody looks at their gradients.
Phase GanIntCls::PhaseOf(const char* name, const torch::nn::Module& module, const char* prefix,
                         double rate) const {
  auto phase =
      MakePhase(name, module, prefix, Torch7AdamWith(options_, rate), HalvedEarly(options_.decay_epochs));
  std::erase_if(phase.parameters, [this](const auto& entry) {
    return std::ranges::any_of(convolution_biases_,
                               [&](const auto& bias) { return bias.is_same(entry.second); });
  });
  return phase;
}

std::vector<Round> GanIntCls::Rounds() {
  auto d = PhaseOf("d", *critic_, "netD.", options_.d_rate);
  d.loss = LossOf<GanIntClsStep>([this](auto& step) { return DiscriminatorTerms(step); });
  auto g = PhaseOf("g", *generator_, "netG.", options_.g_rate);
  g.optimizer.ema_decay = options_.ema_decay;
  g.through = {"netD"};
  g.early_loss = LossOf<GanIntClsStep>([this](auto& step) {
    Imagine(step);
    return LossTerms{};
  });
  g.loss = LossOf<GanIntClsStep>([this](auto& step) { return GeneratorTerms(step); });
  return {{d}, {g}};
}

std::unique_ptr<Step> GanIntCls::Prepare(const dataio::Batch& batch, const StepContext& context) {
  const torch::NoGradGuard no_grad;
  // Those of loaded weights; ours stay zero, which trains the same as setting them to it before every pass.
  for (auto& bias : convolution_biases_) bias.zero_();
  auto step = std::make_unique<GanIntClsStep>(batch, context);
  step->sentence = sentences_.Of(batch, context);
  generator_->train();
  step->fake = generator_->forward(context.Noise("noise", batch.rows, options_.z), step->sentence);
  return step;
}

LossTerms GanIntCls::DiscriminatorTerms(const GanIntClsStep& step) {
  const double weight = options_.cls_weight;
  std::vector<torch::Tensor> images{step.data.images.back()};
  if (sees_wrong_pictures()) images.push_back(step.data.wrong_images.back());
  images.push_back(step.fake);
  std::vector<nn::Critic::Pair> pairs;
  for (const auto& features : critic_->Features(images)) pairs.emplace_back(features, step.sentence);
  const auto logits = critic_->Conditional(pairs);
  const auto scope = Scope(step);
  const auto mean = [&](const torch::Tensor& of, double label) {
    return scope.Mean(PerRow(of, label), scope.rows.global);
  };
  LossTerms terms{{"real_cond", mean(logits.front(), 1)}};
  if (sees_wrong_pictures()) terms.push_back({"wrong_cond", mean(logits[1], 0) * weight});
  terms.push_back({"fake_cond", mean(logits.back(), 0) * (1 - weight)});
  return terms;
}

// Those between the global batch's: this rank's pairs.
torch::Tensor GanIntCls::Interpolated(const GanIntClsStep& step, const RowRange& pairs) {
  const auto all = GatherRows(loss_scope_, step.sentence, Scope(step).rows);
  auto place = torch::zeros({pairs.local, 1}, all.options());
  if (options_.interpolation == Interpolation::kRandom) {
    const auto drawn = [pairs](const dataio::Batch&, const StepContext& at) {
      const auto key = RandomKey(at.seed, "interpolation", {at.step});
      const auto unit =
          at.noise ? at.noise("interpolation").to(torch::kCPU) : UniformRows(key, pairs, {1}, at.dtype);
      return std::vector<torch::Tensor>{unit * 2 - 1};
    };
    place = step.context.Given("interpolation", step.batch, drawn)[0];
  }
  return InterpolatedSentences(all, pairs, place);
}

// The pictures of the generator's step: they need nothing of the discriminator.
void GanIntCls::Imagine(GanIntClsStep& step) {
  step.described = step.sentence;
  auto noise = step.context.Noise("generator_noise", step.batch.rows, options_.z);
  if (interpolates()) {
    const auto scope = Scope(step).rows;
    const auto pairs = PairsOf(scope);
    // Negatives of one rank alone number their pairs from 0 on each.
    const RowRange rows{pairs.first + step.batch.rows.first - scope.first, pairs.local,
                        step.batch.rows.global};
    step.described = torch::cat({step.sentence, Interpolated(step, pairs)});
    noise = torch::cat({noise, step.context.Noise("interpolation_noise", rows, options_.z)});
  }
  step.imagined = generator_->forward(noise, step.described);
}

LossTerms GanIntCls::GeneratorTerms(const GanIntClsStep& step) {
  const auto features = critic_->Features({step.imagined})[0];
  auto per_row = PerRow(critic_->Conditional({{features, step.described}})[0], 1);
  const auto scope = Scope(step);
  if (!interpolates()) return {{"cond", scope.Mean(per_row, scope.rows.global)}};
  // The criterion divides by the number of rows, whatever their weights.
  const int64_t rows = scope.rows.global + scope.rows.global / 2;
  const auto own = per_row.narrow(0, 0, step.batch.rows.local);
  const auto between = per_row.narrow(0, own.size(0), per_row.size(0) - own.size(0));
  return {{"cond", scope.Mean(own, rows)},
          {"interpolated", scope.Mean(between, rows) * options_.interpolation_weight}};
}

std::unique_ptr<Drawer> GanIntCls::MakeDrawer() {
  return std::make_unique<ModuleDrawer>(
      *generator_, norm_scope_, "netG", [this](const Prompt& prompt, const DrawingRows& rows) {
        const auto like = generator_->parameters().front();
        const auto sentence = sentences_.Of(prompt, like.device()).to(like.scalar_type());
        return Pictures{{generator_->forward(DrawingNoise(rows, "noise", options_.z, like), sentence)}, {}};
      });
}

}  // namespace

torch::Tensor InterpolatedSentences(const torch::Tensor& sentences, const RowRange& pairs,
                                    const torch::Tensor& place) {
  const auto first = sentences.narrow(0, pairs.first, pairs.local);
  const auto second = sentences.narrow(0, pairs.first + pairs.global, pairs.local);
  return (first + second) * 0.5 + (second - first) * place;
}

void GanIntClsOptions::Declare(OptionList& list) {
  BaseSideOptions::Declare(list);
  PlayerOptions::Declare(list);
  SentenceOptions::Declare(list);
  Torch7GameOptions::Declare(list, "pictures");
  list.Group("Shapes");
  list.Add(
      "sentence_repeats", &sentence_repeats, AnyValue(),
      "A caption may count twice in the mean over --sentence_captions, as published for birds and flowers");
  list.Add("critic", &critic, kIntClsVariants,
           "GAN-INT-CLS's discriminator, as published for birds and flowers or for COCO");
  list.Group("Losses");
  list.Add("interpolation", &interpolation, kInterpolations,
           "Sentences between two of the batch that the generator also draws: their mean (interp_type 1), a "
           "random place on their line (2)");
  list.Add("interpolation_weight", &interpolation_weight, AtLeast(0),
           "Weight of the sentences of --interpolation");
}

std::unique_ptr<System> MakeGanIntCls(const GanIntClsOptions& options, const Surroundings& surroundings) {
  return std::make_unique<GanIntCls>(options, surroundings);
}

}  // namespace helio::recipes
