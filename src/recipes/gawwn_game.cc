#include "src/recipes/gawwn_game.h"

#include "src/base/autograd.h"
#include "src/base/noise.h"
#include "src/base/precision.h"
#include "src/base/to_device.h"
#include "src/losses/adversarial.h"
#include "src/nn/init.h"

namespace helio::recipes {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A value whose gradient with respect to `of` was computed elsewhere.
class WithGradient : public torch::autograd::Function<WithGradient> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& value,
                               const torch::Tensor& /*of*/, const torch::Tensor& gradient) {
    context->save_for_backward({gradient});
    return value.clone();
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {{}, context->get_saved_variables()[0] * gradients[0], {}};
  }
};

}  // namespace

GawwnGame::GawwnGame(const GawwnOptions& options, const Surroundings& surroundings)
    : options_(options),
      norm_scope_(surroundings.norm_scope),
      sentences_(options, surroundings),
      loss_scope_(surroundings.loss_scope) {}

void GawwnGame::Begin(torch::nn::Module& generator, torch::nn::Module& critic, uint64_t seed) {
  generator_ = &generator;
  critic_ = &critic;
  nn::InitializeTorch7(generator, RandomKey(seed, "generator"));
  nn::InitializeTorch7(critic, RandomKey(seed, "discriminator"));
  for (auto* net : {generator_, critic_}) nn::UseGlobalBatch(*net, &norm_scope_);
}

std::vector<Part> GawwnGame::Parts() const {
  std::vector<Part> parts{PartOf("netG", Role::kTrained, *generator_),
                          PartOf("netD", Role::kTrained, *critic_)};
  sentences_.AddParts(parts);
  return parts;
}

std::vector<Round> GawwnGame::Rounds() {
  const auto halved = HalvedEarly(options_.decay_epochs);
  auto d = MakePhase("d", *critic_, "netD.", Torch7AdamWith(options_, options_.d_rate), halved);
  d.graphs_stay = true;
  d.loss = LossOf<GawwnStep>([this](auto& step) { return DiscriminatorTerms(step); });
  auto g = MakePhase("g", *generator_, "netG.", Torch7AdamWith(options_, options_.g_rate), halved);
  g.optimizer.ema_decay = options_.ema_decay;
  g.loss = LossOf<GawwnStep>([this](auto& step) { return GeneratorTerms(step); });
  return {{d}, {g}};
}

std::unique_ptr<Step> GawwnGame::Prepare(const dataio::Batch& batch, const StepContext& context) {
  auto step = std::make_unique<GawwnStep>(batch, context);
  step->sentence = Exact(sentences_.Of(batch, context)).detach();
  generator_->train();
  critic_->train();
  Imagine(*step);
  step->shown = Exact(step->fake).detach().requires_grad_();
  return step;
}

// A random order of the global batch's: some rows keep their own, as published.
torch::Tensor GawwnGame::WrongSentences(const GawwnStep& step) {
  const auto scope = losses::ScopeOf(loss_scope_, step.batch.rows);
  const auto all = GatherRows(scope.batch, step.sentence, scope.rows);
  if (step.context.noise) return all.index_select(0, step.context.noise("shuffle"));
  // Negatives of one rank alone are shuffled by ranks.
  const auto key = RandomKey(step.context.seed, "wrong_sentences",
                             {step.context.step, step.batch.rows.first - scope.rows.first});
  const auto order = UniformRows(key, {0, scope.rows.global, scope.rows.global}, {}).argsort();
  const auto own = order.narrow(0, scope.rows.first, scope.rows.local).contiguous();
  return all.index_select(0, ToDevice(own, all.device()));
}

LossTerms GawwnGame::DiscriminatorTerms(GawwnStep& step) {
  const double weight = options_.cls_weight;
  const auto logits = Logits(step, weight > 0 ? WrongSentences(step) : torch::Tensor());
  step.judged = Exact(logits.back()).sigmoid();
  const auto scope = losses::ScopeOf(loss_scope_, step.batch.rows);
  const auto mean = [&](const torch::Tensor& probability, double label) {
    return scope.Mean(losses::Torch7CrossEntropy(probability, label), scope.rows.global);
  };
  LossTerms terms{{"real_cond", mean(Exact(logits.front()).sigmoid(), 1)}};
  if (weight > 0) terms.push_back({"wrong_cond", mean(Exact(logits[1]).sigmoid(), 0) * weight});
  terms.push_back({"fake_cond", mean(step.judged, 0) * (1 - weight)});
  return terms;
}

LossTerms GawwnGame::GeneratorTerms(GawwnStep& step) {
  const FullPrecision full;  // it differentiates
  const auto scope = losses::ScopeOf(loss_scope_, step.batch.rows);
  const auto value = scope.Mean(losses::Torch7CrossEntropy(step.judged, 1), scope.rows.global);
  step.gradient = torch::autograd::grad({value}, {step.shown})[0];
  return {{"cond", WithGradient::apply(value.detach(), Exact(step.fake), step.gradient)}};
}

void GawwnOptions::Declare(OptionList& list, bool projects) {
  BaseSideOptions::Declare(list);
  PlayerOptions::Declare(list);
  SentenceOptions::Declare(list);
  Torch7GameOptions::Declare(list, "pairs", projects);
}

}  // namespace helio::recipes
