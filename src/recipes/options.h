#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "src/base/option_list.h"
#include "src/nn/text_rnn.h"

// Options that several systems read, by the part that reads them. A system's own options are a struct that
// derives from those it is made of (mirrorgan.h). Defaults are the published CUB configuration of the
// released code.
namespace helio::recipes {

// Most channels or dimensions of a layer: more are a slip, not a network.
inline constexpr double kWidest = 65536;

struct BaseSideOptions {
  int64_t base_side = 64;  // of the first stage's picture; 16 for toys
  void Declare(OptionList& list);
};

// The pictures of a ladder's stages.
struct PictureOptions : BaseSideOptions {
  int64_t stages = 3;
  void Declare(OptionList& list);

  // base_side * 2^i, smallest first.
  std::vector<int64_t> sides() const;
};

struct CaptionOptions {
  int64_t words = 18;
  void Declare(OptionList& list);
};

struct TextEncoderOptions {
  nn::TextRnn text_rnn = nn::TextRnn::kLstm;
  int64_t word_vector = 300;
  int64_t embedding = 256;
  void Declare(OptionList& list);
};

// The image encoder of DAMSM, and the classifier.
struct ImageTrunkOptions {
  std::string image_trunk = "inception_v3";
  void Declare(OptionList& list);
};

// The DAMSM loss (AttnGAN eq. 7-13).
struct DamsmLossOptions {
  double gamma1 = 4, gamma2 = 5, gamma3 = 10;
  bool class_masks = true;
  void Declare(OptionList& list);
};

// A frozen text encoder whose features are scaled.
struct FrozenTextOptions : TextEncoderOptions {
  double text_scale = 1;
  void Declare(OptionList& list);
};

// Where a system that reads a sentence vector takes it from (sentence_source.h).
enum class SentenceOrigin {
  kEmbeddings,  // a file beside the shards
  kDamsm,       // the text encoder of --damsm
};
inline constexpr Named<SentenceOrigin> kSentenceOrigins[] = {{SentenceOrigin::kEmbeddings, "embeddings"},
                                                             {SentenceOrigin::kDamsm, "damsm"}};

struct SentenceOptions : FrozenTextOptions {
  SentenceOrigin sentence = SentenceOrigin::kEmbeddings;
  int64_t sentence_captions = 1;
  void Declare(OptionList& list);
};

// The image side of DAMSM: its encoder and the loss.
struct DamsmImageOptions : ImageTrunkOptions, DamsmLossOptions {
  void Declare(OptionList& list);
};

// STREAM's captioner (MirrorGAN section 3.3).
struct CaptionerOptions {
  std::string caption_trunk = "resnet152";
  int64_t caption_embedding = 256;
  int64_t caption_hidden = 512;
  void Declare(OptionList& list);
};

// Whether the published code's slips are mended or reproduced (docs/numerics.md).
enum class Fidelity { kCorrected, kReleased };
inline constexpr Named<Fidelity> kFidelities[] = {{Fidelity::kCorrected, "corrected"},
                                                  {Fidelity::kReleased, "released"}};

struct FidelityOptions {
  Fidelity fidelity = Fidelity::kCorrected;
  void Declare(OptionList& list);

  bool released() const { return fidelity == Fidelity::kReleased; }
};

struct AdamBetaOptions {
  double beta1 = 0.5, beta2 = 0.999;
  void Declare(OptionList& list);
};

// Of a generator and its discriminators. `several`: here and below, of more than one generator (in help).
struct RateOptions {
  double g_rate = 2e-4, d_rate = 2e-4;
  void Declare(OptionList& list, bool several = false);
};

// The moving average of what a generator learns.
struct AverageOptions {
  double ema_decay = 0.999;
  void Declare(OptionList& list, bool several = false);
};

// When rates are halved (phases.h).
struct HalvingOptions {
  int64_t decay_epochs = 100;
  void Declare(OptionList& list);
};

// Of every GAN that draws captions; a system sets its own defaults.
struct PlayerOptions : CaptionOptions, AdamBetaOptions, RateOptions, AverageOptions {
  int64_t gf = 32;  // GF_DIM
  int64_t df = 64;  // DF_DIM
  int64_t z = 100;
  // `least_gf`: whose channels can still be halved as often as the generator does.
  void Declare(OptionList& list, int64_t least_gf = 1);
};

// With conditioning augmentation.
struct GanOptions : PlayerOptions {
  int64_t condition = 100;
  double kl_weight = 1;
  void Declare(OptionList& list, int64_t least_gf = 1);
};

// Of the games that were published for Torch7.
struct Torch7GameOptions : HalvingOptions {
  int64_t text_projection = 128;
  double cls_weight = 0.5;
  // `wrong`: what a wrong one is, "pairs". `projects`: whether the networks project the sentence.
  void Declare(OptionList& list, const std::string& wrong, bool projects = true);
};

struct ResidualOptions {
  int64_t residual_blocks = 2;  // R_NUM
  void Declare(OptionList& list);
};

// Of every pretraining.
struct PretrainingOptions : AdamBetaOptions {
  double rate = 2e-3;
  bool freeze_trunk = true;
  void Declare(OptionList& list);
};

}  // namespace helio::recipes
