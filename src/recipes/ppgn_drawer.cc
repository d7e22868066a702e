#include "src/recipes/ppgn_drawer.h"

#include <algorithm>
#include <sstream>

#include "src/base/error.h"
#include "src/nn/freeze.h"

namespace helio::recipes {
namespace {

constexpr int64_t kShown = 8;  // pictures of a chain
// Chains that run side by side; their pictures do not depend on each other. An update's gradient keeps the
// activations of generator, encoder and condition in memory.
constexpr int64_t kSideBySide = 16;

Prompt PromptOfRows(const Prompt& prompt, int64_t first, int64_t count) {
  Prompt part;
  const auto take = [&](torch::Tensor Prompt::*what) {
    if ((prompt.*what).defined()) part.*what = (prompt.*what).narrow(0, first, count);
  };
  for (const auto what : {&Prompt::captions, &Prompt::lengths, &Prompt::classes}) take(what);
  return part;
}

bool IsShown(int64_t step, int64_t steps) {
  if (steps < kShown) return true;
  return step * (kShown - 1) / steps > (step - 1) * (kShown - 1) / steps || step == 0;
}

// `unit`: what start and rates are measured in; `highest`: the bound of a code, {} or {code}.
nn::ChainOptions ChainOptionsOf(const ChainSettings& settings, double unit, const torch::Tensor& highest) {
  return {.epsilon1 = settings.epsilon1,
          .epsilon2 = settings.epsilon2,
          .epsilon3 = settings.epsilon3,
          .rate = settings.chain_rate * unit,
          .last_rate = settings.chain_last_rate * unit,
          .highest = highest};
}

int64_t ClassesOf(const ChainSettings& settings, const Surroundings& surroundings) {
  const int64_t classes = settings.encoder_classes > 0 ? settings.encoder_classes : surroundings.data.classes;
  if (classes < 2)
    ThrowUser("the data set has none", "--encoder_classes", "how many the encoder's classifier tells apart");
  return classes;
}

}  // namespace

void ChainSettings::Declare(OptionList& list) {
  CaptionOptions::Declare(list);
  CaptionerOptions::Declare(list);
  FidelityOptions::Declare(list);
  list.Group("Shapes");
  list.Add("steered_by", &steered_by, kChainGoals,
           "PPGN: what its chains follow; caption: --captioner, or a class where one is asked for; class: a "
           "class alone");
  list.Add("encoder_classes", &encoder_classes, Between(0, 1e6),
           "PPGN: classes of the frozen classifier that is its encoder; 0: as many as the data set has");
  list.Add("encoder_side", &encoder_side, AtLeast(0),
           "PPGN: side of a picture's middle that encoder and condition see (published 227 of 256); 0: all");
  list.Group("Sampling");
  list.Add("iterations", &iterations, Between(1, 1e6), "PPGN: the last update's number; the first is 0");
  list.Add("epsilon1", &epsilon1, AtLeast(0), "PPGN: weight of the prior, E(G(h)) - h");
  list.Add("epsilon2", &epsilon2, AtLeast(0), "PPGN: weight of the condition's gradient");
  list.Add("epsilon3", &epsilon3, AtLeast(0), "PPGN: weight of noise (0: none is drawn)");
  list.Add("chain_rate", &chain_rate, Above(0), "PPGN: mean change of a code's unit in the first update");
  list.Add("chain_last_rate", &chain_last_rate, AtLeast(0),
           "PPGN: mean change of a code's unit in the last update");
  list.Add("code_units", &code_units, kCodeUnits,
           "PPGN: what a chain's start and rates are in; seen: the mean of the codes seen in training, whose "
           "highest values also bound each unit");
  list.Add("code_clip", &code_clip, Above(0), "PPGN, --code_units=absolute: the highest value of a unit");
}

PpgnNets::PpgnNets(const ChainSettings& settings, const ImageTrunkOptions& trunk,
                   const Surroundings& surroundings)
    : settings_(settings),
      classifier_(nn::MakeImageTrunk(trunk.image_trunk, "--image_trunk"), ClassesOf(settings, surroundings)),
      classes_(ClassesOf(settings, surroundings)) {
  LoadPretrained(*classifier_, surroundings.weights, "classifier", "classifier.");
  nn::Freeze(*classifier_);
  if (settings.by_caption()) captioner_.emplace(settings, surroundings);
}

nn::ImageFeatures PpgnNets::Encode(const torch::Tensor& pictures) {
  return classifier_->trunk().forward(nn::CentreCrop(pictures, settings_.encoder_side));
}

void PpgnNets::AddParts(std::vector<Part>& parts) const {
  parts.push_back(PartOf("classifier", Role::kFrozen, *classifier_));
  if (captioner_) captioner_->AddParts(parts);
}

std::unique_ptr<nn::ChainCondition> PpgnNets::ConditionOf(const Prompt& prompt) const {
  if (captioner_ && prompt.captions.defined())
    return std::make_unique<nn::CaptionCondition>(
        [encoder = captioner_->encoder](const torch::Tensor& x) mutable { return encoder(x); },
        captioner_->decoder, prompt.captions, prompt.lengths);
  if (!prompt.classes.defined())
    ThrowUser("its chains are steered by classes", "--text", "--class=NUMBER asks for one");
  // Of data sets without classes a row's is its own number.
  return std::make_unique<nn::ClassCondition>(
      [net = classifier_](const torch::Tensor& x) mutable { return net(x); },
      prompt.classes.remainder(classes_), !settings_.released());
}

std::string PpgnDrawer::manner() const {
  std::ostringstream text;
  text << "chains of " << settings_.iterations + 1 << " updates, epsilon " << settings_.epsilon1 << ' '
       << settings_.epsilon2 << ' ' << settings_.epsilon3 << ", rate " << settings_.chain_rate << " to "
       << settings_.chain_last_rate;
  return text.str();
}

torch::Tensor PpgnDrawer::Noise(int64_t step, const DrawingRows& rows) const {
  const auto like = generator_->parameters().front();
  if (step >= 0 && settings_.epsilon3 == 0) return torch::zeros({}, like.options());
  return DrawingNoise(rows, "chain", range_.highest().numel(), like, {step});
}

Pictures PpgnDrawer::Draw(const Prompt& prompt, const DrawingRows& rows) {
  Pictures all;
  for (int64_t first = 0; first < std::ssize(rows); first += kSideBySide) {
    const auto count = std::min(kSideBySide, std::ssize(rows) - first);
    const auto begin = rows.begin() + first;
    auto some = DrawAtOnce(PromptOfRows(prompt, first, count), DrawingRows(begin, begin + count));
    if (first == 0) {
      all = std::move(some);
      continue;
    }
    for (size_t i = 0; i < all.images.size(); ++i)
      all.images[i] = torch::cat({all.images[i], some.images[i]});
  }
  return all;
}

Pictures PpgnDrawer::DrawAtOnce(const Prompt& prompt, const DrawingRows& rows) {
  const torch::NoGradGuard no_grad;
  const auto condition = nets_.ConditionOf(prompt);
  const bool absolute = settings_.code_units == CodeUnits::kAbsolute;
  const double unit = absolute ? 1 : range_.Mean();
  const nn::ChainNets chain{[this](const torch::Tensor& code) { return generator_(code); },
                            [this](const torch::Tensor& pictures) { return nets_.Encode(pictures).pooled; },
                            /*encoder_side=*/0, settings_.encoder_side};
  auto code = Noise(-1, rows) * unit;
  const auto highest = absolute ? torch::full({}, settings_.code_clip, code.options())
                                : range_.highest().to(code.scalar_type());
  const auto options = ChainOptionsOf(settings_, unit, highest);
  Pictures pictures;
  for (int64_t i = 0; i <= settings_.iterations; ++i) {
    const auto step = nn::StepChain(code, chain, *condition, Noise(i, rows),
                                    options.RateOf(i, settings_.iterations), options);
    code = step.code;
    if (!IsShown(i, settings_.iterations)) continue;
    pictures.images.push_back(step.picture.clamp(-1, 1));
    pictures.labels.push_back("update " + std::to_string(i));
  }
  return pictures;
}

}  // namespace helio::recipes
