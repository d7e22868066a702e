#include "src/recipes/sentence_source.h"

#include "src/base/error.h"

namespace helio::recipes {

SentenceSource::SentenceSource(const SentenceOptions& options, const Surroundings& surroundings)
    : options_(options) {
  if (options.sentence == SentenceOrigin::kDamsm) {
    encoder_ = std::make_unique<FrozenText>(options, surroundings);
    size_ = options.embedding;
    return;
  }
  size_ = surroundings.data.embedding;
  if (size_ == 0)
    ThrowUser("the data set has no sentence embeddings", "--data",
              "make them with helio-embed, or take DAMSM's sentence features with --sentence=damsm");
}

// The published programs that read a sentence's vector shuffle; those that read words sort by length.
void SentenceSource::AddNeeds(dataio::DomainNeeds& needs) const {
  needs.order = dataio::Order::kDrawn;
  if (!encoder_) needs.embeddings = options_.sentence_captions;
}

void SentenceSource::AddParts(std::vector<Part>& parts) const {
  if (encoder_) parts.push_back(PartOf("text_encoder", Role::kFrozen, *encoder_->encoder()));
}

torch::Tensor SentenceSource::Of(const dataio::Domain& data) {
  return encoder_ ? encoder_->Encode(data.captions, data.caption_lengths).sentence : data.embeddings;
}

torch::Tensor SentenceSource::Of(const dataio::Batch& batch, const StepContext& context) {
  return encoder_ ? encoder_->Encode(batch, context).sentence : batch.data().embeddings;
}

torch::Tensor SentenceSource::Of(const Prompt& prompt, torch::Device device) {
  if (encoder_) return encoder_->Encode(prompt, device).sentence;
  if (!prompt.embeddings.defined())
    ThrowUser("this system was trained on embeddings of whole sentences; words alone cannot be drawn", "",
              "name their encoder with --text_encoder=FILE");
  return prompt.embeddings.to(device);
}

}  // namespace helio::recipes
