#pragma once
#include <optional>

#include "src/nn/ppgn.h"
#include "src/nn/ppgn_sampler.h"
#include "src/recipes/code_range.h"
#include "src/recipes/parts.h"

namespace helio::recipes {

// What PPGN's chains can be asked for.
enum class ChainGoal {
  kCaption,  // by the captioner; and also a class
  kClass,
};
inline constexpr Named<ChainGoal> kChainGoals[] = {{ChainGoal::kCaption, "caption"},
                                                   {ChainGoal::kClass, "class"}};

// What a chain's start and rates are in.
enum class CodeUnits {
  kAbsolute,
  kSeen,  // the mean of the codes seen in training, whose highest values also bound each unit
};
inline constexpr Named<CodeUnits> kCodeUnits[] = {{CodeUnits::kAbsolute, "absolute"},
                                                  {CodeUnits::kSeen, "seen"}};

// How PPGN draws. Defaults: sampling_caption.py with 5_caption_conditional_sampling.sh.
struct ChainSettings : CaptionOptions, CaptionerOptions, FidelityOptions {
  ChainGoal steered_by = ChainGoal::kCaption;
  int64_t encoder_classes = 0;
  int64_t encoder_side = 0;
  int64_t iterations = 200;
  double epsilon1 = 1e-3, epsilon2 = 1, epsilon3 = 1e-17;
  double chain_rate = 1, chain_last_rate = 1e-10;
  CodeUnits code_units = CodeUnits::kAbsolute;
  double code_clip = 30;
  void Declare(OptionList& list);

  bool by_caption() const { return steered_by == ChainGoal::kCaption; }
};

// The frozen networks of PPGN: a classifier, whose trunk is the encoder (its pooled features the code, the
// map before them the features), and STREAM's captioner, where captions are asked for.
class PpgnNets {
 public:
  // Throws Error{kUser} where weights are missing, or the number of classes is unknown.
  PpgnNets(const ChainSettings& settings, const ImageTrunkOptions& trunk, const Surroundings& surroundings);

  nn::ImageFeatures Encode(const torch::Tensor& pictures);
  int64_t code() { return classifier_->trunk().pooled_channels(); }
  void AddParts(std::vector<Part>& parts) const;
  // Throws Error{kUser} where the system was not trained to be asked so.
  std::unique_ptr<nn::ChainCondition> ConditionOf(const Prompt& prompt) const;
  int64_t classes() const { return classes_; }

 private:
  const ChainSettings settings_;
  nn::Classifier classifier_{nullptr};
  std::optional<FrozenCaptioner> captioner_;  // where captions are asked for
  int64_t classes_;
};

// Draws by chains, one a row, of which each starts from its own noise; the pictures along them are those of
// the way to the last one. All outlive it.
class PpgnDrawer : public Drawer {
 public:
  PpgnDrawer(const ChainSettings& settings, PpgnNets& nets, nn::CodeGenerator generator,
             const CodeRange& range)
      : settings_(settings), nets_(nets), generator_(std::move(generator)), range_(range) {}
  Pictures Draw(const Prompt& prompt, const DrawingRows& rows) override;
  void ReestimateStatistics(const std::vector<Prompt>&, uint64_t) override {}  // there are none
  std::string manner() const override;
  int64_t classes() const override { return nets_.classes(); }
  // Captions steer by what the captioner says of them, word by word: there is nothing between two.
  bool mixes_captions() const override { return false; }
  std::string part() const override { return "netG"; }

 private:
  Pictures DrawAtOnce(const Prompt& prompt, const DrawingRows& rows);
  torch::Tensor Noise(int64_t step, const DrawingRows& rows) const;

  const ChainSettings settings_;
  PpgnNets& nets_;
  nn::CodeGenerator generator_;
  const CodeRange& range_;
};

}  // namespace helio::recipes
