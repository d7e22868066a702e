#pragma once
#include <vector>

#include "src/nn/discriminator.h"
#include "src/nn/generator.h"
#include "src/recipes/parts.h"

namespace helio::recipes {

struct LadderOptions : PictureOptions, GanOptions, ResidualOptions, FrozenTextOptions, FidelityOptions {
  nn::Upsampling upsampling = nn::Upsampling::kNearest;
  void Declare(OptionList& list);
};

// What a step of a ladder game carries from phase to phase.
struct LadderStep : BatchStep {
  using BatchStep::BatchStep;
  TextCondition text;
  nn::GeneratorOutput drawn;
};

// The game that AttnGAN and MirrorGAN share: a generator with a picture a stage, and a discriminator a
// picture, conditional and unconditional (AttnGAN eq. 3-6, MirrorGAN eq. 8-11). A system derives from it,
// adds its own terms to the generator's loss, and decides the attention.
class LadderGame : public System {
 public:
  std::vector<dataio::DomainNeeds> Needs() const override;
  std::vector<Part> Parts() const override;
  // d256, d128, d64 (the largest first, because its gradients travel longest); then g: the system's own early
  // terms and KL, then the adversarial terms.
  std::vector<Round> Rounds() override;
  // One generator forward for the whole step: noise and conditioning noise are functions of (seed, step,
  // row).
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;
  std::string WhyNotCaptured() const override { return WhyRanksAreAsked(norm_scope_, loss_scope_); }
  std::unique_ptr<Drawer> MakeDrawer() override;

 protected:
  // Networks with the published initialisation as a function of the seed. `only_last` plays with the last
  // picture only (G_DCGAN).
  LadderGame(const LadderOptions& options, const Surroundings& surroundings, nn::AttentionKind attention,
             bool only_last = false);

  // The system's own terms on the last fake; they need no discriminator.
  virtual LossTerms OwnTerms(LadderStep& step) = 0;

  losses::BatchScope Scope(const LadderStep& step) const {
    return losses::ScopeOf(loss_scope_, step.batch.rows);
  }

 private:
  Phase DiscriminatorPhase(size_t stage);
  Phase GeneratorPhase();
  LossTerms DiscriminatorTerms(LadderStep& step, size_t stage);
  LossTerms AdversarialTerms(LadderStep& step);
  LossTerm KlTerm(const LadderStep& step) const;
  nn::GeneratorInput DrawingInput(const Prompt& prompt, const DrawingRows& rows);
  nn::WordMask MaskOf(const TextCondition& text, const RowRange& rows);

  const LadderOptions options_;
  GlobalBatch& norm_scope_;
  GlobalBatch& loss_scope_;
  FrozenText text_encoder_;
  nn::Generator generator_{nullptr};
  std::vector<nn::Discriminator> discriminators_;
};

}  // namespace helio::recipes
