#include "src/recipes/options.h"

#include "src/base/numbers.h"

namespace helio::recipes {
namespace {

// Half of them are of either direction of a text encoder.
Range EvenWidth() {
  return {"an even number, 2 to 65536", [](const std::string& value) {
            const auto width = ParseNumber<int64_t>(value);
            return width && *width >= 2 && *width <= kWidest && *width % 2 == 0;
          }};
}

}  // namespace

std::vector<int64_t> PictureOptions::sides() const {
  std::vector<int64_t> all;
  for (int64_t stage = 0; stage < stages; ++stage) all.push_back(base_side << stage);
  return all;
}

void BaseSideOptions::Declare(OptionList& list) {
  list.Group("Shapes");
  list.Add("base_side", &base_side, OneOf({"8", "16", "32", "64", "128", "256"}),
           "Side of the first stage's picture (16 for toys)");
}

void PictureOptions::Declare(OptionList& list) {
  BaseSideOptions::Declare(list);
  list.Add("stages", &stages, Between(1, 4), "Stages; the last one's side is base_side * 2^(stages-1)");
}

void CaptionOptions::Declare(OptionList& list) {
  list.Group("Shapes");
  list.Add("words", &words, Between(1, 1000),
           "Longest caption; longer ones are cut to a random subset of their words, in order");
}

void TextEncoderOptions::Declare(OptionList& list) {
  list.Group("Shapes");
  list.Add("embedding", &embedding, EvenWidth(), "Dimensions of word and sentence features");
  list.Add("word_vector", &word_vector, Between(1, kWidest), "Input embedding of the text encoder");
  list.Add("text_rnn", &text_rnn, nn::kTextRnns, "Text encoder (bidirectional)");
}

void ImageTrunkOptions::Declare(OptionList& list) {
  list.Group("Shapes");
  list.Add("image_trunk", &image_trunk, AnyValue(),
           "Image trunk of DAMSM and classifier: inception_v3, resnet152, small");
}

void DamsmLossOptions::Declare(OptionList& list) {
  list.Group("Losses");
  list.Add("gamma1", &gamma1, Above(0), "DAMSM: sharpness of word attention");
  list.Add("gamma2", &gamma2, Above(0), "DAMSM: sharpness over words");
  list.Add("gamma3", &gamma3, Above(0), "DAMSM: sharpness over the batch");
  list.Add("class_masks", &class_masks, AnyValue(), "DAMSM: pairs of the same class are no negatives");
}

void FrozenTextOptions::Declare(OptionList& list) {
  TextEncoderOptions::Declare(list);
  list.Group("Losses");
  list.Add("text_scale", &text_scale, Above(0),
           "Multiplies the frozen text features (8 for short pretrainings)");
}

void SentenceOptions::Declare(OptionList& list) {
  FrozenTextOptions::Declare(list);
  list.Group("Shapes");
  list.Add(
      "sentence", &sentence, kSentenceOrigins,
      "Sentence vectors: embeddings in a file beside the shards, or the features of --damsm's text encoder");
  list.Add("sentence_captions", &sentence_captions, Between(1, 1000),
           "Captions of a picture whose embeddings are averaged, drawn anew each epoch");
}

void DamsmImageOptions::Declare(OptionList& list) {
  ImageTrunkOptions::Declare(list);
  DamsmLossOptions::Declare(list);
}

void CaptionerOptions::Declare(OptionList& list) {
  list.Group("Shapes");
  list.Add("caption_trunk", &caption_trunk, AnyValue(),
           "Image trunk of the captioner: inception_v3, resnet152, small");
  list.Add("caption_embedding", &caption_embedding, Between(1, kWidest),
           "Captioner: image and word embedding");
  list.Add("caption_hidden", &caption_hidden, Between(1, kWidest), "Captioner: LSTM state");
}

void FidelityOptions::Declare(OptionList& list) {
  list.Group("Losses");
  list.Add("fidelity", &fidelity, kFidelities,
           "released: reproduce the published code's slips (docs/numerics.md)");
}

void AdamBetaOptions::Declare(OptionList& list) {
  list.Group("Optimizers");
  list.Add("beta1", &beta1, FromBelow(0, 1), "Adam");
  list.Add("beta2", &beta2, FromBelow(0, 1), "Adam");
}

void RateOptions::Declare(OptionList& list, bool several) {
  list.Group("Optimizers");
  list.Add("g_rate", &g_rate, AtLeast(0),
           several ? "Adam's learning rate of the generators" : "Adam's learning rate of the generator");
  list.Add("d_rate", &d_rate, AtLeast(0), "Adam's learning rate of the discriminators");
}

void AverageOptions::Declare(OptionList& list, bool several) {
  list.Group("Optimizers");
  list.Add("ema_decay", &ema_decay, FromBelow(0, 1),
           several ? "Moving average of the generators' weights (0: none)"
                   : "Moving average of the generator's weights (0: none)");
}

void HalvingOptions::Declare(OptionList& list) {
  list.Group("Optimizers");
  list.Add("decay_epochs", &decay_epochs, AtLeast(1), "Both rates are halved every so many epochs");
}

void PlayerOptions::Declare(OptionList& list, int64_t least_gf) {
  CaptionOptions::Declare(list);
  AdamBetaOptions::Declare(list);
  list.Group("Shapes");
  list.Add("gf", &gf, Between(static_cast<double>(least_gf), kWidest), "Generator width (GF_DIM)");
  list.Add("df", &df, Between(1, kWidest), "Discriminator width (DF_DIM)");
  list.Add("z", &z, Between(1, kWidest), "Noise dimensions");
  RateOptions::Declare(list);
  AverageOptions::Declare(list);
}

void GanOptions::Declare(OptionList& list, int64_t least_gf) {
  PlayerOptions::Declare(list, least_gf);
  list.Group("Shapes");
  list.Add("condition", &condition, Between(1, kWidest), "Conditioning augmentation's output dimensions");
  list.Group("Losses");
  list.Add("kl_weight", &kl_weight, AtLeast(0), "Weight of conditioning augmentation's KL loss");
}

void Torch7GameOptions::Declare(OptionList& list, const std::string& wrong, bool projects) {
  list.Group("Shapes");
  if (projects)
    list.Add("text_projection", &text_projection, Between(1, kWidest),
             "Dimensions that generator and discriminator project the sentence to (nt)");
  list.Group("Losses");
  const auto help = "Weight of wrong " + wrong + " among the negatives (0: none, a plain conditional GAN)";
  list.Add("cls_weight", &cls_weight, Between(0, 1), help.c_str());
  HalvingOptions::Declare(list);
}

void ResidualOptions::Declare(OptionList& list) {
  list.Group("Shapes");
  list.Add("residual_blocks", &residual_blocks, Between(0, 1000),
           "Residual blocks of a refining stage (R_NUM); CycleGAN: of a generator");
}

void PretrainingOptions::Declare(OptionList& list) {
  AdamBetaOptions::Declare(list);
  list.Add("rate", &rate, AtLeast(0), "Adam's learning rate of a pretraining");
  list.Add("freeze_trunk", &freeze_trunk, AnyValue(), "Pretrainings: the image trunk keeps its weights");
}

}  // namespace helio::recipes
