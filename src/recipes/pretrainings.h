#pragma once
#include <memory>

#include "src/base/adam_options.h"
#include "src/nn/char_cnn_rnn.h"
#include "src/recipes/options.h"
#include "src/recipes/registry.h"

// Systems whose product is a file of weights for others; each is a class in the file of its name.
namespace helio::recipes {

struct CaptionerTrainingOptions : PictureOptions, CaptionOptions, CaptionerOptions, PretrainingOptions {
  void Declare(OptionList& list);
};
std::unique_ptr<System> MakeCaptioner(const CaptionerTrainingOptions& options,
                                      const Surroundings& surroundings);

// What captions learn to match.
enum class CaptionMatch {
  kPictures,  // their pictures' features
  kCaptions,  // another caption of the picture (COCO)
};
inline constexpr Named<CaptionMatch> kCaptionMatches[] = {{CaptionMatch::kPictures, "pictures"},
                                                          {CaptionMatch::kCaptions, "captions"}};

// Defaults: cvpr2016 and the encoder of birds (its file's name): RMSprop 7e-4, 0.98 each 150 steps.
struct CharCnnRnnTrainingOptions : PictureOptions, ImageTrunkOptions {
  nn::CharRecurrence char_rnn = nn::CharRecurrence::kGru18;
  int64_t char_conv1 = 384, char_conv2 = 512, char_width = 512;
  int64_t char_embedding = 1024;
  CaptionMatch matches = CaptionMatch::kPictures;
  AdamOptions::Rule optimizer = AdamOptions::Rule::kRmsProp;
  double rate = 7e-4, rate_decay = 0.98;
  int64_t rate_decay_steps = 150;
  void Declare(OptionList& list);
};
// The char-CNN-RNN text encoder (Reed et al., CVPR 2016): captions by their characters, drawn to the features
// of their pictures. Validation: zero-shot classification.
std::unique_ptr<System> MakeCharCnnRnn(const CharCnnRnnTrainingOptions& options,
                                       const Surroundings& surroundings);

struct ClassifierOptions : PictureOptions, CaptionOptions, ImageTrunkOptions, PretrainingOptions {
  std::string split = "train";
  void Declare(OptionList& list);
};
std::unique_ptr<System> MakeClassifier(const ClassifierOptions& options, const Surroundings& surroundings);

struct DamsmOptions : PictureOptions,
                      CaptionOptions,
                      TextEncoderOptions,
                      DamsmImageOptions,
                      FidelityOptions,
                      PretrainingOptions {
  int64_t crop_side = 0;  // of the pictures; 0: those of a GAN's last stage
  double text_dropout = 0.5;
  double clip_norm = 0.25;  // of the text encoder's gradient
  void Declare(OptionList& list);
};
std::unique_ptr<System> MakeDamsm(const DamsmOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
