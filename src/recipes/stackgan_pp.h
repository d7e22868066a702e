#pragma once
#include "src/nn/tree.h"
#include "src/recipes/sentence_source.h"

namespace helio::recipes {

// Defaults: code/cfg/birds_3stages.yml.
struct StackGanPpOptions : PictureOptions, GanOptions, ResidualOptions, SentenceOptions, FidelityOptions {
  StackGanPpOptions() {
    gf = 64;
    condition = 128;
    kl_weight = 2;
  }
  bool conditional = true;
  int64_t snapshot_interval = 2000;
  double uncond_weight = 1;
  double colour_weight = 0;
  void Declare(OptionList& list);
};

// What a step of StackGAN++ carries from phase to phase.
struct TreeStep : BatchStep {
  using BatchStep::BatchStep;
  nn::TreeOutput drawn;
};

// StackGAN++ (Zhang et al., TPAMI 2018): a tree of pictures, a discriminator a branch, each conditional and
// unconditional at once (eq. 6-7), wrong pictures of another class as their third input; or without text,
// with the colours of neighbouring scales held together (eq. 8).
//
//   round 1: d256, d128, d64      round 2: g = kl, colour (early), then cond + uncond of each branch
//
// Released code: at each snapshot the average becomes the generator for good, and a preview moves its
// statistics.
class StackGanPp : public System {
 public:
  StackGanPp(const StackGanPpOptions& options, const Surroundings& surroundings);
  std::vector<dataio::DomainNeeds> Needs() const override;
  std::vector<Part> Parts() const override;
  std::vector<Round> Rounds() override;
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;
  std::string WhyNotCaptured() const override;
  void Conclude(std::span<const std::unique_ptr<Step>> steps) override;
  std::unique_ptr<Drawer> MakeDrawer() override;

 private:
  // Networks with the published initialisation as a function of the seed.
  void MakeGenerator(uint64_t seed);
  void AddCritic(int64_t branch, uint64_t seed);
  using DrawNoise = std::function<torch::Tensor(const char* purpose, int64_t size)>;
  nn::TreeInput InputOf(const std::function<torch::Tensor()>& sentence, const DrawNoise& noise) const;
  Phase DiscriminatorPhase(size_t branch);
  Phase GeneratorPhase();
  LossTerm Judged(const char* name, const torch::Tensor& logits, double target, double weight,
                  const TreeStep& step) const;
  LossTerms DiscriminatorTerms(const TreeStep& step, size_t branch);
  LossTerms ConditionalTerms(const TreeStep& step, size_t branch);
  LossTerms OwnTerms(const TreeStep& step) const;
  LossTerms AdversarialTerms(const TreeStep& step);
  losses::BatchScope Scope(const TreeStep& step) const {
    return losses::ScopeOf(loss_scope_, step.batch.rows);
  }

  const StackGanPpOptions options_;
  GlobalBatch& norm_scope_;
  GlobalBatch& loss_scope_;
  std::unique_ptr<SentenceSource> sentences_;  // of the conditional tree
  nn::TreeGenerator generator_{nullptr};
  std::vector<nn::TreeCritic> critics_;
};

std::unique_ptr<System> MakeStackGanPp(const StackGanPpOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
