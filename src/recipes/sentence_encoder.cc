#include "src/recipes/sentence_encoder.h"

#include "src/base/characters.h"
#include "src/base/error.h"
#include "src/nn/char_cnn_rnn.h"
#include "src/nn/freeze.h"
#include "src/recipes/parts.h"

namespace helio::recipes {
namespace {

class DamsmSentences : public SentenceEncoder {
 public:
  DamsmSentences(const NamedTensors& weights, const TextEncoderOptions& text, int64_t vocabulary,
                 int64_t words, const std::string& where)
      : words_(words), size_(text.embedding), encoder_(MakeTextEncoder(text, vocabulary)) {
    CopyState(weights, StateOf(*encoder_), where);
    nn::Freeze(*encoder_);
  }

  int64_t size() const override { return size_; }
  dataio::DomainNeeds Needs() const override { return {.words = words_}; }
  torch::Tensor Encode(const dataio::Domain& text) override {
    const torch::NoGradGuard no_grad;
    return encoder_->forward(text.captions, text.caption_lengths).sentence;
  }
  std::string name() const override {
    return "sentence features of DAMSM's text encoder, of at most " + std::to_string(words_) + " words";
  }
  NamedTensors State() const override { return StateOf(*encoder_); }

 private:
  const int64_t words_, size_;
  nn::TextEncoder encoder_;
};

class CharacterSentences : public SentenceEncoder {
 public:
  CharacterSentences(const NamedTensors& weights, const std::string& where)
      : encoder_(nn::CharCnnRnnOptions::Of(weights, where)) {
    CopyState(weights, StateOf(*encoder_), where);
    nn::Freeze(*encoder_);
  }

  int64_t size() const override { return encoder_->options().embedding; }
  dataio::DomainNeeds Needs() const override {
    return {.captions = false, .order = dataio::Order::kDrawn, .characters = kCharacterPlaces};
  }
  torch::Tensor Encode(const dataio::Domain& text) override {
    const torch::NoGradGuard no_grad;
    return encoder_->forward(text.characters.select(1, 0));
  }
  std::string name() const override { return "char-CNN-RNN"; }
  NamedTensors State() const override { return StateOf(*encoder_); }

 private:
  nn::CharCnnRnn encoder_;
};

}  // namespace

std::unique_ptr<SentenceEncoder> MakeSentenceEncoder(const NamedTensors& weights,
                                                     const TextEncoderOptions& text, int64_t vocabulary,
                                                     int64_t words, const std::string& where) {
  if (const auto own = WithoutPrefix(weights, "char_cnn_rnn."); !own.empty())
    return std::make_unique<CharacterSentences>(own, where);
  if (const auto own = WithoutPrefix(weights, "text_encoder."); !own.empty())
    return std::make_unique<DamsmSentences>(own, text, vocabulary, words, where);
  ThrowUser("holds no encoder of sentences", where,
            "name best.safetensors of helio-pretrain --recipe=char_cnn_rnn or --recipe=damsm");
}

}  // namespace helio::recipes
