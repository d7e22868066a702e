#pragma once
#include <functional>

#include "src/recipes/sentence_source.h"

namespace helio::recipes {

// Defaults: nips2016 scripts of birds.
struct GawwnOptions : BaseSideOptions, PlayerOptions, SentenceOptions, Torch7GameOptions {
  GawwnOptions() {
    base_side = 128;
    gf = 128;
    df = 128;
    ema_decay = 0;
    sentence_captions = 4;
  }
  // `projects`: as Torch7GameOptions has it.
  void Declare(OptionList& list, bool projects = true);
};

// What a step of GAWWN carries from phase to phase.
struct GawwnStep : BatchStep {
  using BatchStep::BatchStep;
  torch::Tensor sentence;  // {B, embedding}
  torch::Tensor place;     // the condition beside it: theta of a box, maps of key points, or given points
  torch::Tensor real;      // pictures, or key points
  torch::Tensor fake;      // with its graph
  torch::Tensor shown;     // the same numbers as the discriminator sees them: a leaf
  torch::Tensor judged;    // {B}: its probabilities, with their graph down to `shown`
  torch::Tensor gradient;  // of the generator's loss, for `fake`
};

// The game of GAWWN's three systems (Reed et al., NIPS 2016) as published: the generator's step takes up the
// discriminator's pass over the fakes, whose probabilities and activations are those of before its update;
// the gradient runs through its new weights.
//
//   round 1: d      round 2: g
class GawwnGame : public System {
 public:
  std::vector<Part> Parts() const override;
  std::vector<Round> Rounds() override;
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;

 protected:
  GawwnGame(const GawwnOptions& options, const Surroundings& surroundings);
  // Takes both networks once they are made: initialises them and sets the scope of their batch norm.
  void Begin(torch::nn::Module& generator, torch::nn::Module& critic, uint64_t seed);

  // Fills in place, real and fake; the sentence is there.
  virtual void Imagine(GawwnStep& step) = 0;
  // Logits {B} of the real ones, of the real ones with another row's sentence where `wrong` is defined, and
  // of `shown`, computed in this order.
  virtual std::vector<torch::Tensor> Logits(const GawwnStep& step, const torch::Tensor& wrong) = 0;

  const GawwnOptions options_;
  GlobalBatch& norm_scope_;
  SentenceSource sentences_;

 private:
  LossTerms DiscriminatorTerms(GawwnStep& step);
  LossTerms GeneratorTerms(GawwnStep& step);
  torch::Tensor WrongSentences(const GawwnStep& step);

  GlobalBatch& loss_scope_;
  torch::nn::Module* generator_ = nullptr;
  torch::nn::Module* critic_ = nullptr;
};

}  // namespace helio::recipes
