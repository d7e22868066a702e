#include "src/recipes/ppgn.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "src/base/error.h"
#include "src/base/noise.h"
#include "src/base/to_device.h"
#include "src/losses/inversion.h"

namespace helio::recipes {
namespace {

constexpr int64_t kReal = 0, kDrawn = 1;
constexpr int64_t kRangeSteps = 2000;  // the first steps, whose codes tell the range of codes

// "4096,4096" as numbers; empty where it is something else.
std::optional<std::vector<int64_t>> Numbers(const std::string& list) {
  std::vector<int64_t> numbers;
  const char *at = list.data(), *end = at + list.size();
  while (at < end) {
    const auto [after, error] = std::from_chars(at, end, numbers.emplace_back());
    if (error != std::errc() || numbers.back() < 1 || (after < end && (*after != ',' || after + 1 == end)))
      return {};
    at = after + 1;
  }
  return numbers;
}

Range NumberList() {
  return {"numbers from 1 on, as in 64,32",
          [](const std::string& value) { return Numbers(value).has_value(); }};
}

Range Widths() {
  return {"numbers from 1 to 65536, as in 64,32", [](const std::string& value) {
            const auto widths = Numbers(value);
            return widths && std::ranges::none_of(*widths, [](auto width) { return width > kWidest; });
          }};
}

class Ppgn : public System {
 public:
  Ppgn(const PpgnOptions& options, const Surroundings& surroundings);
  std::vector<dataio::DomainNeeds> Needs() const override;
  std::vector<Part> Parts() const override;
  std::vector<Round> Rounds() override;
  std::unique_ptr<Step> Prepare(const dataio::Batch& batch, const StepContext& context) override;
  void Conclude(std::span<const std::unique_ptr<Step>> steps) override;
  std::unique_ptr<Drawer> MakeDrawer() override {
    return std::make_unique<PpgnDrawer>(options_, nets_, generator_, range_);
  }

 private:
  void ChooseUnits(const PpgnStep& step);
  LossTerms DiscriminatorTerms(PpgnStep& step);
  LossTerms InversionTerms(PpgnStep& step);
  LossTerms AdversarialTerms(PpgnStep& step);
  void TellApart(PpgnStep& step);
  void Fool(PpgnStep& step);
  nn::DropoutMasks Drop(const PpgnStep& step, const std::vector<const char*>& batches);
  losses::BatchScope Scope(const PpgnStep& step) const { return {loss_scope_, step.batch.rows}; }

  const PpgnOptions options_;
  GlobalBatch& loss_scope_;
  PpgnNets nets_;
  nn::CodeGenerator generator_;
  nn::PictureCritic critic_;
  CodeRange range_;
  Balance balance_;
  Balance::Players playing_;  // in the step under way
  torch::Tensor units_;       // {3} float64: what image, features and code are measured in; 0: not known yet
  int64_t expected_ = -1;  // the step that follows the latest one: the device need not be asked for its units
};

nn::PictureCriticOptions CriticOf(const PpgnOptions& options) {
  const bool deep = options.picture_critic == PictureCriticKind::kDeep;
  constexpr int64_t kLeastOfDeep = 63;
  const int64_t side = options.Generator(1).side();
  if (deep && side < kLeastOfDeep)
    ThrowUser("is for pictures of at least " + std::to_string(kLeastOfDeep) + " pixels",
              "--picture_critic=deep", "these have " + std::to_string(side) + ": --picture_critic=small");
  return deep ? nn::PictureCriticOptions::Deep(options.df) : nn::PictureCriticOptions::Small(options.df);
}

// Of the middle that the encoder sees.
void CheckMiddle(const PpgnOptions& options) {
  const int64_t side = options.Generator(1).side();
  if (options.encoder_side > side)
    ThrowUser("is more than the generator's pictures have, " + std::to_string(side),
              "--encoder_side=" + std::to_string(options.encoder_side), "0: the encoder sees all of them");
}

Ppgn::Ppgn(const PpgnOptions& options, const Surroundings& surroundings)
    : options_(options),
      loss_scope_(surroundings.loss_scope),
      nets_(options, options, surroundings),
      generator_(options.Generator(nets_.code())),
      critic_(CriticOf(options)),
      range_(nets_.code()),
      units_(torch::zeros({3}, torch::kFloat64)) {
  CheckMiddle(options);
}

std::vector<dataio::DomainNeeds> Ppgn::Needs() const {
  dataio::DomainNeeds needs{.sides = {options_.Generator(1).side()}, .words = options_.words};
  needs.captions = options_.by_caption();
  if (!needs.captions) needs.order = dataio::Order::kDrawn;
  return {needs};
}

std::vector<Part> Ppgn::Parts() const {
  std::vector<Part> parts{PartOf("netG", Role::kTrained, *generator_),
                          PartOf("netD", Role::kTrained, *critic_)};
  Append(parts[0].tensors, range_.State("netG.codes."));
  parts.push_back({"balance", Role::kMemory, balance_.State("balance.")});
  parts.push_back({"units", Role::kMemory, {{"units.spread", units_}}});
  nets_.AddParts(parts);
  return parts;
}

std::vector<Round> Ppgn::Rounds() {
  const RateFactor factor = [this](const StepContext& at) { return options_.RateFactor(at.step); };
  auto d = MakePhase("d", *critic_, "netD.", Torch7AdamWith(options_, options_.d_rate), factor);
  d.plays = [this](const StepContext&) { return playing_.discriminator; };
  d.loss = LossOf<PpgnStep>([this](auto& step) { return DiscriminatorTerms(step); });
  auto g = MakePhase("g", *generator_, "netG.", Torch7AdamWith(options_, options_.g_rate), factor);
  g.optimizer.ema_decay = options_.ema_decay;
  g.through = {"netD"};
  g.plays = [this](const StepContext&) { return playing_.generator; };
  g.early_loss = LossOf<PpgnStep>([this](auto& step) { return InversionTerms(step); });
  g.loss = LossOf<PpgnStep>([this](auto& step) { return AdversarialTerms(step); });
  return {{d}, {g}};
}

std::unique_ptr<Step> Ppgn::Prepare(const dataio::Batch& batch, const StepContext& context) {
  if (loss_scope_.ranks() == 1 && !batch.rows.whole())
    ThrowUser("who trains is decided by the whole batch's losses", "--negatives=local",
              "it has no use here: global is the default");
  const torch::NoGradGuard no_grad;
  playing_ = balance_.Playing();
  auto step = std::make_unique<PpgnStep>(batch, context);
  step->image = step->data.images.back();
  const auto seen = nets_.Encode(step->image);
  step->features = seen.regions;
  step->code = seen.pooled;
  if (context.step < kRangeSteps) range_.Add(step->code, loss_scope_, batch.rows);
  if (options_.loss_units == LossUnits::kSpread) ChooseUnits(*step);
  const at::AutoGradMode with_graph(playing_.generator);
  step->drawn = generator_->forward(step->code);
  return step;
}

// By the first batch: a loss of 1 is then what the best constant has. Who goes back to before it comes to the
// same ones.
void Ppgn::ChooseUnits(const PpgnStep& step) {
  if (std::exchange(expected_, step.context.step) == step.context.step) return;
  if (units_[0].item<double>() > 0) return;
  const auto scope = Scope(step);
  const auto spread = [&](const torch::Tensor& values) { return losses::TotalVariance(values, scope) / 2; };
  units_.copy_(torch::stack({spread(step.image), spread(step.features), spread(step.code)}));
}

// Of batches that lie below each other.
nn::DropoutMasks Ppgn::Drop(const PpgnStep& step, const std::vector<const char*>& batches) {
  if (options_.picture_critic != PictureCriticKind::kDeep) return {};
  const auto dtype = step.context.dtype;
  const auto factors = [&](const char* layer, int64_t width) {
    std::vector<torch::Tensor> kept;
    for (const auto* batch : batches) {
      const auto key = RandomKey(RandomKey(step.context.seed, batch, {step.context.step}), layer);
      kept.push_back(UniformRows(key, step.batch.rows, {width}, dtype).ge(0.5));
    }
    return ToDevice(torch::cat(kept).to(dtype) * 2, step.image.device());
  };
  return {factors("features", critic_->features()), factors("hidden", critic_->hidden())};
}

void Ppgn::TellApart(PpgnStep& step) {
  const auto logits = critic_(torch::cat({step.image, step.drawn.detach()}), Drop(step, {"real", "drawn"}));
  const auto halves = logits.chunk(2);
  step.real = losses::CrossEntropy(halves[0], kReal, Scope(step));
  step.fake = losses::CrossEntropy(halves[1], kDrawn, Scope(step));
}

void Ppgn::Fool(PpgnStep& step) {
  step.fooled = losses::CrossEntropy(critic_(step.drawn, Drop(step, {"fooled"})), kReal, Scope(step));
}

LossTerms Ppgn::DiscriminatorTerms(PpgnStep& step) {
  TellApart(step);
  return {{"real", step.real * options_.adversarial_weight},
          {"fake", step.fake * options_.adversarial_weight}};
}

LossTerms Ppgn::InversionTerms(PpgnStep& step) {
  const auto seen = nets_.Encode(step.drawn);
  const bool in_units = options_.loss_units == LossUnits::kSpread;
  const auto term = [&](const char* name, int64_t unit, const torch::Tensor& drawn, const torch::Tensor& real,
                        double weight) {
    auto value = losses::EuclideanLoss(drawn, real, Scope(step)) * weight;
    if (in_units) value = value / units_[unit].to(value.dtype());
    return LossTerm{name, value};
  };
  return {term("image", 0, step.drawn, step.image, options_.image_weight),
          term("features", 1, seen.regions, step.features, options_.feature_weight),
          term("code", 2, seen.pooled, step.code, options_.code_weight)};
}

LossTerms Ppgn::AdversarialTerms(PpgnStep& step) {
  Fool(step);
  return {{"adversarial", step.fooled * options_.adversarial_weight}};
}

void Ppgn::Conclude(std::span<const std::unique_ptr<Step>> steps) {
  ++expected_;
  if (!options_.balance) return;
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> losses;
  for (const auto& one : steps) {
    auto& step = static_cast<PpgnStep&>(*one);
    if (!step.real.defined()) TellApart(step);
    if (!step.fooled.defined()) Fool(step);
    losses.push_back(torch::stack({step.real.detach() + step.fake.detach(), step.fooled.detach()}));
  }
  auto sums = torch::stack(losses).to(torch::kFloat64).sum(0);
  loss_scope_.Sum(sums);
  balance_.Update(sums);
}

}  // namespace

void PpgnOptions::Declare(OptionList& list) {
  AdamBetaOptions::Declare(list);
  ImageTrunkOptions::Declare(list);
  ChainSettings::Declare(list);
  list.Group("Shapes");
  list.Add("generator_hidden", &generator_hidden, Widths(),
           "PPGN's generator: widths of the fully connected layers between the code and the first map");
  list.Add("generator_channels", &generator_channels, Widths(),
           "PPGN's generator: channels of the map of 4 x 4 and of each layer but the last");
  list.Add("generator_convolutions", &generator_convolutions, Between(0, 100),
           "PPGN's generator: so many doublings have a convolution behind them; one fewer than half of the "
           "channels at most");
  list.Add("picture_critic", &picture_critic, kPictureCriticKinds,
           "PPGN's discriminator: for pictures of 227 with dropout, or of three halvings");
  list.Add("df", &df, Between(1, kWidest), "Discriminator width (ndf)");
  list.Group("Losses");
  list.Add("image_weight", &image_weight, AtLeast(0), "PPGN: weight of squared differences of pictures");
  list.Add("feature_weight", &feature_weight, AtLeast(0),
           "PPGN: weight of squared differences of the encoder's features");
  list.Add("code_weight", &code_weight, AtLeast(0),
           "PPGN: weight of squared differences of the encoder's codes");
  list.Add("adversarial_weight", &adversarial_weight, AtLeast(0),
           "PPGN: weight of both players' cross-entropies");
  list.Add("loss_units", &loss_units, kLossUnits,
           "PPGN: what the differences of pictures, features and codes are measured in; spread: in half the "
           "variance of the first batch");
  list.Add("balance", &balance, AnyValue(),
           "PPGN: who trains is decided by the ratio of the discriminator's losses");
  RateOptions::Declare(list);
  list.Group("Optimizers");
  list.Add("halve_at", &halve_at, NumberList(), "PPGN: steps at which both rates are halved");
  AverageOptions::Declare(list);
}

nn::CodeGeneratorOptions PpgnOptions::Generator(int64_t code) const {
  nn::CodeGeneratorOptions generator{code, *Numbers(generator_hidden), *Numbers(generator_channels),
                                     generator_convolutions};
  const int64_t doublings = generator.doublings();
  if (doublings <= generator_convolutions || doublings > 8)
    ThrowUser("do not fit", "--generator_channels, --generator_convolutions",
              "a number for the first map, for every doubling but the last and for every convolution; a "
              "convolution behind fewer than all doublings, of which there are 8 at most");
  return generator;
}

double PpgnOptions::RateFactor(int64_t step) const {
  const auto at = *Numbers(halve_at);
  return std::pow(0.5, static_cast<double>(std::ranges::count_if(at, [&](auto one) { return step >= one; })));
}

std::unique_ptr<System> MakePpgn(const PpgnOptions& options, const Surroundings& surroundings) {
  return std::make_unique<Ppgn>(options, surroundings);
}

}  // namespace helio::recipes
