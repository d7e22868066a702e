#pragma once
#include "src/nn/stackgan.h"
#include "src/recipes/sentence_source.h"

namespace helio::recipes {

// Defaults: code/cfg/coco_s1.yml and coco_s2.yml.
struct StackGanOptions : BaseSideOptions, GanOptions, SentenceOptions, HalvingOptions {
  StackGanOptions() {
    gf = 192;
    df = 96;
    condition = 128;
    kl_weight = 2;
    ema_decay = 0;
    decay_epochs = 20;
  }
  void Declare(OptionList& list);
};

struct StackGan2Options : StackGanOptions, ResidualOptions {
  void Declare(OptionList& list);
};

// What a step of StackGAN carries from phase to phase.
struct StackGanStep : BatchStep {
  using BatchStep::BatchStep;
  nn::StackGanOutput drawn;
};

// StackGAN (Zhang et al., ICCV 2017), one stage: a generator conditioned on a sentence vector, and a
// discriminator that judges pictures with the mean of the augmented condition (eq. 3-6).
//
//   round 1: d      round 2: g = kl (early), then cond (and uncond in stage II)
class StackGan : public System {
 public:
  std::vector<dataio::DomainNeeds> Needs() const override;
  std::vector<Part> Parts() const override;
  std::vector<Round> Rounds() override;
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;
  std::string WhyNotCaptured() const override { return WhyRanksAreAsked(norm_scope_, loss_scope_); }
  std::unique_ptr<Drawer> MakeDrawer() override;

 protected:
  // `side` of the pictures.
  StackGan(const StackGanOptions& options, const Surroundings& surroundings, int64_t side,
           bool unconditional);
  // Takes the stage's generator: initialises it, and gives it the batch-norm statistics' scope.
  void SetGenerator(std::shared_ptr<nn::StackGanGeneratorImpl> generator, const Surroundings& surroundings);
  nn::StackGanOptions NetworkOptions() const;

  const StackGanOptions options_;

 private:
  using DrawNoise = std::function<torch::Tensor(const char* purpose, int64_t size)>;
  nn::StackGanInput InputOf(const torch::Tensor& sentence, const DrawNoise& noise) const;
  Pictures Draw(const Prompt& prompt, const DrawingRows& rows);
  losses::BatchScope Scope(const BatchStep& step) const {
    return losses::ScopeOf(loss_scope_, step.batch.rows);
  }

  const int64_t side_;
  GlobalBatch& norm_scope_;
  GlobalBatch& loss_scope_;
  SentenceSource sentences_;
  std::shared_ptr<nn::StackGanGeneratorImpl> generator_;
  nn::StackGanCritic critic_{nullptr};
};

std::unique_ptr<System> MakeStackGan1(const StackGanOptions& options, const Surroundings& surroundings);
// Over the frozen stage I that plays "stage1": netG.safetensors of helio-export, or a checkpoint's model.
std::unique_ptr<System> MakeStackGan2(const StackGan2Options& options, const Surroundings& surroundings);

}  // namespace helio::recipes
