#include "src/recipes/gawwn_points.h"

#include "src/base/error.h"
#include "src/base/finite.h"
#include "src/base/noise.h"
#include "src/base/to_device.h"
#include "src/nn/freeze.h"
#include "src/nn/gawwn_points.h"
#include "src/recipes/module_drawer.h"
#include "src/recipes/places.h"

namespace helio::recipes {
namespace {

// Those that were dropped, `gone` {B, P} bool, as zeros.
torch::Tensor Without(const torch::Tensor& points, const torch::Tensor& gone) {
  return points * gone.logical_not().unsqueeze(-1).to(points.scalar_type());
}

class GawwnPoints : public GawwnGame {
 public:
  GawwnPoints(const GawwnPointsOptions& options, const Surroundings& surroundings)
      : GawwnGame(options, surroundings),
        drop_(options.drop),
        generator_(nn::GawwnPointsOptions{.embedding = sentences_.size(),
                                          .z = options.z,
                                          .gf = options.gf,
                                          .df = options.df,
                                          .points = std::ssize(surroundings.data.key_points)}),
        critic_(nn::GawwnPointsOptions{.embedding = sentences_.size(),
                                       .z = options.z,
                                       .gf = options.gf,
                                       .df = options.df,
                                       .points = std::ssize(surroundings.data.key_points)}) {
    Begin(*generator_, *critic_, surroundings.seed);
  }

  std::vector<dataio::DomainNeeds> Needs() const override {
    // Pictures decide what of a bird is seen, and where.
    dataio::DomainNeeds needs{.sides = {options_.base_side}, .words = options_.words, .key_points = true};
    sentences_.AddNeeds(needs);
    return {needs};
  }

  std::unique_ptr<PointCompleter> MakePointCompleter() override;
  std::unique_ptr<Validation> MakeValidation() override;

  // Held-out rows: given points, all points.
  torch::Tensor Completed(const torch::Tensor& given, const torch::Tensor& noise,
                          const torch::Tensor& sentence) {
    const torch::NoGradGuard no_grad;
    const nn::ScopedMode evaluation(*generator_, /*training=*/false);
    const auto made = generator_->forward(noise, sentence, given);
    const auto visible = made.narrow(2, 2, 1).gt(0.5).to(made.scalar_type());
    return torch::cat({made.narrow(2, 0, 2) * visible, visible}, 2);
  }
  torch::Tensor PointsOf(const dataio::Domain& data) const {
    return PointsOfDomain(data.key_points, options_.base_side);
  }
  SentenceSource& sentences() { return sentences_; }
  int64_t noise_size() const { return options_.z; }
  torch::Tensor like() const { return generator_->parameters().front(); }

 protected:
  void Imagine(GawwnStep& step) override {
    const auto points = step.context.noise ? step.context.noise("place") : PointsOf(step.data);
    step.real = VisiblePoints(points);
    // Copied before absent points become zeros: where one was not dropped, it shows.
    step.place = Without(points, Dropped(step));
    const auto noise = step.context.Noise("noise", step.batch.rows, options_.z);
    step.fake = generator_->forward(noise, step.sentence, step.place);
  }

  std::vector<torch::Tensor> Logits(const GawwnStep& step, const torch::Tensor& wrong) override {
    std::vector<torch::Tensor> logits{critic_->forward(step.real, step.sentence)};
    if (wrong.defined()) logits.push_back(critic_->forward(step.real, wrong));
    logits.push_back(critic_->forward(step.shown, step.sentence));
    return logits;
  }

 private:
  torch::Tensor Dropped(const GawwnStep& step) const {
    if (step.context.noise) return step.context.noise("dropped").to(torch::kBool);
    const auto key = RandomKey(step.context.seed, "dropped", {step.context.step});
    const auto all = UniformRows(key, step.batch.rows, {step.data.key_points.size(1)}).lt(drop_);
    return ToDevice(all, step.data.key_points.device());
  }

  const double drop_;
  nn::GawwnPointsGenerator generator_;
  nn::GawwnPointsCritic critic_;
};

class Completer : public PointCompleter {
 public:
  explicit Completer(GawwnPoints& system) : system_(system) {}
  torch::Tensor Complete(const Prompt& prompt, uint64_t seed, const RowRange& rows) override {
    const auto like = system_.like();
    const auto given = prompt.key_points.to(like.device(), like.scalar_type());
    const auto noise = DrawingNoise(RowsOf(seed, rows), "noise", system_.noise_size(), like);
    return system_.Completed(given, noise,
                             system_.sentences().Of(prompt, like.device()).to(like.scalar_type()));
  }
  std::string part() const override { return "netG"; }

 private:
  GawwnPoints& system_;
};

// Of each held-out bird one visible point in three is given, noise is a function of its row.
class PointError : public Validation {
 public:
  explicit PointError(GawwnPoints& system) : system_(system) {}

  torch::Tensor Consume(const dataio::Batch& batch) override {
    const auto& data = batch.data();
    const auto points = VisiblePoints(system_.PointsOf(data));
    const int64_t count = points.size(1);
    const auto number = torch::arange(count, points.options());
    const auto gone = number.remainder(3).ne(0).unsqueeze(0).expand({points.size(0), count});
    const auto noise =
        DrawingNoise(RowsOf(0, batch.rows), "validation", system_.noise_size(), system_.like());
    const auto made = system_.Completed(Without(points, gone), noise, system_.sentences().Of(data));
    const auto distance = (made.narrow(2, 0, 2) - points.narrow(2, 0, 2)).square().sum(2).sqrt();
    const auto seen = points.select(2, 2), made_seen = made.select(2, 2);
    const auto both = seen * made_seen * gone.to(points.scalar_type());
    const auto asked = gone.to(points.scalar_type());
    const auto sums = torch::stack(
        {(distance * both).sum(), both.sum(), ((seen - made_seen).abs() * asked).sum(), asked.sum()});
    return sums.to(torch::kFloat64) * OneIfFinite(made);
  }
  std::vector<ValidationScore> Finish(const torch::Tensor& sums) const override {
    const auto* sum = sums.data_ptr<double>();
    return {{"point_error", sum[0] / std::max(sum[1], 1.0), "units of the picture's side, every third given"},
            {"visibility_error", sum[2] / std::max(sum[3], 1.0), "share of points"}};
  }
  bool higher_is_better() const override { return false; }
  std::vector<std::string> names() const override { return {"point_error", "visibility_error"}; }

 private:
  GawwnPoints& system_;
};

std::unique_ptr<PointCompleter> GawwnPoints::MakePointCompleter() {
  return std::make_unique<Completer>(*this);
}

std::unique_ptr<Validation> GawwnPoints::MakeValidation() { return std::make_unique<PointError>(*this); }

}  // namespace

void GawwnPointsOptions::Declare(OptionList& list) {
  GawwnOptions::Declare(list, /*projects=*/false);
  list.Group("Losses");
  list.Add("drop", &drop, Between(0, 1), "Share of the key points that the key-point generator is not given");
}

std::unique_ptr<System> MakeGawwnPoints(const GawwnPointsOptions& options, const Surroundings& surroundings) {
  if (surroundings.data.key_points.empty())
    ThrowUser("the data set has no key points", "--data", "this system needs them, as CUB has them");
  if (options.ema_decay > 0) ThrowUser("the key-point generator keeps no average", "--ema_decay", "0");
  return std::make_unique<GawwnPoints>(options, surroundings);
}

}  // namespace helio::recipes
