#pragma once
#include <memory>

#include "src/recipes/options.h"
#include "src/recipes/registry.h"

// Systems whose product is a file of weights for others; each is a class in the file of its name.
namespace helio::recipes {

struct CaptionerTrainingOptions : PictureOptions, CaptionOptions, CaptionerOptions, PretrainingOptions {
  void Declare(OptionList& list);
};
std::unique_ptr<System> MakeCaptioner(const CaptionerTrainingOptions& options,
                                      const Surroundings& surroundings);

struct ClassifierOptions : PictureOptions, CaptionOptions, ImageTrunkOptions, PretrainingOptions {
  void Declare(OptionList& list);
};
std::unique_ptr<System> MakeClassifier(const ClassifierOptions& options, const Surroundings& surroundings);

struct DamsmOptions : PictureOptions,
                      CaptionOptions,
                      TextEncoderOptions,
                      DamsmImageOptions,
                      FidelityOptions,
                      PretrainingOptions {
  double text_dropout = 0.5;
  double clip_norm = 0.25;  // of the text encoder's gradient
  void Declare(OptionList& list);
};
std::unique_ptr<System> MakeDamsm(const DamsmOptions& options, const Surroundings& surroundings);

}  // namespace helio::recipes
