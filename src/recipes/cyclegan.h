#pragma once
#include "src/losses/translation.h"
#include "src/nn/cyclegan.h"
#include "src/recipes/image_pool.h"
#include "src/recipes/parts.h"

namespace helio::recipes {

// How the rates go down with the epochs.
enum class DecayPolicy {
  kLinear,  // to 0 in the last n_epochs_decay epochs
  kStep,    // to a tenth every lr_decay_epochs
  kCosine,  // to 0 in n_epochs, and up again
};
inline constexpr Named<DecayPolicy> kDecayPolicies[] = {
    {DecayPolicy::kLinear, "linear"}, {DecayPolicy::kStep, "step"}, {DecayPolicy::kCosine, "cosine"}};

struct DecayOptions : FidelityOptions {
  DecayPolicy lr_policy = DecayPolicy::kLinear;
  int64_t n_epochs = 100, n_epochs_decay = 100;
  int64_t lr_decay_epochs = 50;  // of kStep
  void Declare(OptionList& list);

  // The factor of epoch number `epoch`, from 0 on. The released code advances its schedule before an epoch:
  // the rate goes down an epoch early, and the last epoch of kLinear trains nothing.
  double FactorOf(int64_t epoch) const;
};

// Defaults: options/train_options.py and models/cycle_gan_model.py.
struct CycleGanOptions : ResidualOptions, AdamBetaOptions, DecayOptions, RateOptions, AverageOptions {
  CycleGanOptions() {
    residual_blocks = 9;
    ema_decay = 0;
  }
  int64_t side = 256;
  int64_t gf = 64, df = 64;
  int64_t d_layers = 3;
  double lambda_a = 10, lambda_b = 10;
  double lambda_identity = 0.5;
  losses::PatchLoss gan_loss = losses::PatchLoss::kLeastSquares;
  int64_t pool_size = 50;
  void Declare(OptionList& list);
};

// What a step of CycleGAN carries from phase to phase. a: the first domain, b: the second.
struct CycleGanStep : BatchStep {
  using BatchStep::BatchStep;
  torch::Tensor real_a, real_b;      // {B, 3, side, side}
  torch::Tensor fake_a, fake_b;      // G_B(real_b), G_A(real_a), from before the generators' update
  torch::Tensor pooled_a, pooled_b;  // what the discriminators see in their stead
  torch::Tensor back_a, back_b;      // G_B(fake_b), G_A(fake_a); constants, made by the generators' loss
  torch::Tensor same_a, same_b;      // G_A(real_b), G_B(real_a): the identity loss', as published named
};

// CycleGAN (Zhu et al., ICCV 2017): two generators between two domains without pairs, held together by what
// comes back (eq. 2-3) and by what is of the right domain already (section 5.2); two discriminators, of which
// D_A judges pictures of domain b, as published.
//
//   round 1: g = adversarial, cycle, identity      round 2: d_a, d_b (early: they need no update)
class CycleGan : public System {
 public:
  CycleGan(const CycleGanOptions& options, const Surroundings& surroundings);
  std::vector<dataio::DomainNeeds> Needs() const override;
  std::vector<Part> Parts() const override;
  std::vector<Round> Rounds() override;
  // Throws Error{kUser} where the run is longer than the rates' schedule, or this rank does not see the whole
  // batch (--negatives=local).
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;
  std::unique_ptr<Translator> MakeTranslator() override;
  std::unique_ptr<Validation> MakeValidation() override;

 private:
  RateFactor Decay() const;
  Phase GeneratorPhase();
  Phase DiscriminatorPhase(const char* name, const char* part, nn::PatchCritic& critic,
                           torch::Tensor CycleGanStep::*real, torch::Tensor CycleGanStep::*fake);
  void LoadStart(const PretrainedWeights& weights);
  std::pair<torch::Tensor, torch::Tensor> ComeBack(CycleGanStep& step);
  LossTerms GeneratorTerms(CycleGanStep& step);
  torch::Tensor Pooled(ImagePool& pool, const char* purpose, const torch::Tensor& fakes,
                       const CycleGanStep& step);
  torch::Tensor AdversarialLoss(const torch::Tensor& logits, double label, const CycleGanStep& step) const;
  losses::BatchScope Scope(const CycleGanStep& step) const { return {loss_scope_, step.batch.rows}; }
  void CheckRun(const dataio::Batch& batch, const StepContext& context) const;

  const CycleGanOptions options_;
  GlobalBatch& loss_scope_;
  nn::Translator generator_a_, generator_b_;  // a to b, b to a
  nn::PatchCritic critic_a_, critic_b_;       // of b, of a
  ImagePool pool_a_, pool_b_;                 // of fakes of a, of b
};

std::unique_ptr<System> MakeCycleGan(const CycleGanOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
