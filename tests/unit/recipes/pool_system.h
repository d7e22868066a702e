#pragma once
#include <vector>

#include "src/base/noise.h"
#include "src/recipes/system.h"

namespace helio::testing {

// A whole system in one file, as docs/adding-a-recipe.md describes them: two data sets, a generator and a
// critic of a few numbers, a memory part (the pool of earlier fakes that CycleGAN's critics see), a phase
// with a rate of its own and one that plays every second step.
class PoolSystem : public recipes::System {
 public:
  static constexpr int64_t kPool = 5, kFeatures = 3;

  explicit PoolSystem(GlobalBatch& batch) : batch_(batch) {}

  std::vector<dataio::DomainNeeds> Needs() const override {
    return {{.data = "photos", .sides = {16}, .captions = false, .order = dataio::Order::kDrawn},
            {.data = "paintings", .sides = {16}, .captions = false, .order = dataio::Order::kDrawn}};
  }

  std::vector<recipes::Part> Parts() const override {
    return {{"netG", recipes::Role::kTrained, {{"netG.weight", generator_}}},
            {"netD", recipes::Role::kTrained, {{"netD.weight", critic_}}},
            {"pool", recipes::Role::kMemory, {{"pool.fakes", pool_}, {"pool.count", count_}}}};
  }

  std::vector<recipes::Round> Rounds() override { return {{CriticPhase()}, {GeneratorPhase()}}; }

  std::unique_ptr<recipes::Step> Prepare(const dataio::Batch& batch,
                                         const recipes::StepContext& context) override {
    auto step = std::make_unique<PoolStep>(batch, context);
    step->fakes = batch.domains[0].images.front().mean({2, 3}) * generator_;
    step->pooled = Exchange(step->fakes.detach(), batch.rows, context);
    return step;
  }

 private:
  struct PoolStep : recipes::BatchStep {
    using BatchStep::BatchStep;
    torch::Tensor fakes, pooled;  // {B, kFeatures}
  };

  recipes::Phase CriticPhase() {
    recipes::Phase phase;
    phase.name = "d";
    phase.parameters = {{"netD.weight", critic_}};
    phase.loss = [this](recipes::Step& step) {
      auto& own = static_cast<PoolStep&>(step);
      const auto real = own.batch.domains[1].images.front().amax({2, 3});
      return Mean("critic", ((own.pooled - real) * critic_).sum(1) + critic_.square().sum(), own);
    };
    // Linear decay from the middle of the run on.
    phase.rate = [](const recipes::StepContext& c) {
      return std::min(1.0, 2.0 * static_cast<double>(c.steps - c.step) / static_cast<double>(c.steps));
    };
    return phase;
  }

  recipes::Phase GeneratorPhase() {
    recipes::Phase phase;
    phase.name = "g";
    phase.parameters = {{"netG.weight", generator_}};
    phase.through = {"netD"};
    phase.loss = [this](recipes::Step& step) {
      auto& own = static_cast<PoolStep&>(step);
      return Mean("fool", -(own.fakes * critic_).sum(1), own);
    };
    phase.plays = [](const recipes::StepContext& c) { return c.step % 2 == 0; };
    return phase;
  }

  losses::LossTerms Mean(const char* name, const torch::Tensor& per_row, const PoolStep& step) {
    return {{name, losses::BatchScope{batch_, step.batch.rows}.Mean(per_row, step.batch.rows.global)}};
  }

  // Every fake of the global batch, in order, is kept or exchanged for an earlier one: the same on any number
  // of ranks.
  torch::Tensor Exchange(const torch::Tensor& own, const RowRange& rows,
                         const recipes::StepContext& context) {
    torch::NoGradGuard no_grad;
    auto all = GatherRows(batch_, own, rows).clone();
    for (int64_t row = 0; row < rows.global; ++row) {
      RandomStream random(RandomKey(context.seed, "pool", {context.step, row}));
      if (const int64_t filled = count_.item<int64_t>(); filled < kPool) {
        pool_[filled].copy_(all[row]);
        torch::Tensor(count_).add_(1);
      } else if (random.Below(2)) {
        auto place = pool_[random.Below(kPool)];
        const auto earlier = place.clone();
        place.copy_(all[row]);
        all[row].copy_(earlier);
      }
    }
    return all.narrow(0, rows.first, rows.local);
  }

  GlobalBatch& batch_;
  const torch::Tensor generator_ = torch::full({kFeatures}, 0.5, torch::kFloat64).requires_grad_();
  const torch::Tensor critic_ = torch::full({kFeatures}, 0.1, torch::kFloat64).requires_grad_();
  const torch::Tensor pool_ = torch::zeros({kPool, kFeatures}, torch::kFloat64);
  const torch::Tensor count_ = torch::zeros({}, torch::kInt64);
};

}  // namespace helio::testing
