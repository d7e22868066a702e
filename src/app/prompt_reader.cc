#include "src/app/prompt_reader.h"

#include "dataio/batch_rows.h"
#include "src/app/sentence_encoder_file.h"
#include "src/base/characters.h"
#include "src/base/text_list.h"

namespace helio::app {
namespace {

std::unique_ptr<recipes::SentenceEncoder> EncoderOf(const TrainedModel& model, const std::string& file) {
  return model.needs().embeddings > 0 ? SentenceEncoderOf(model, file) : nullptr;
}

int64_t WordsOf(const TrainedModel& model, const recipes::SentenceEncoder* encoder) {
  if (!encoder) return model.needs().words;
  return encoder->Needs().captions ? encoder->Needs().words : 0;
}

}  // namespace

PromptReader::PromptReader(const TrainedModel& model, const std::string& encoder)
    : model_(model),
      encoder_(EncoderOf(model, encoder)),
      words_(WordsOf(model, encoder_.get())),
      characters_(encoder_ ? encoder_->Needs().characters : 0) {}

ReadSentence PromptReader::Read(const std::string& text) const {
  ReadSentence read{text, {}, {}, {}};
  if (!reads_words()) return read;
  const auto& vocabulary = model_.vocabulary();
  for (const auto& word : vocabulary.WordsOf(text)) {
    const int64_t id = vocabulary.Find(word);
    if (id <= 0) {
      read.unknown.push_back(word);
    } else if (std::ssize(read.ids) == words_) {
      read.cut = true;
    } else {
      read.words.push_back(word);
      read.ids.push_back(static_cast<int32_t>(id));
    }
  }
  return read;
}

ReadSentence PromptReader::ReadKnown(const std::string& text, const std::string& where) const {
  auto read = Read(text);
  if (!read.unknown.empty())
    LOG(WARNING) << "words that the system never saw, left out: " << Join(read.unknown, " ");
  if (!Knows(read))
    ThrowUser("none of its words is known", where, "the training captions show which words are");
  if (read.cut) LOG(WARNING) << "only the first " << words_ << " words are used";
  return read;
}

dataio::Domain PromptReader::TextOf(const std::vector<ReadSentence>& rows) const {
  dataio::Domain text;
  if (reads_words()) {
    std::vector<std::vector<int32_t>> ids;
    for (const auto& row : rows) ids.push_back(row.ids);
    auto captions = dataio::PadCaptions(ids, words_);
    text.captions = std::move(captions.ids);
    text.caption_lengths = std::move(captions.lengths);
  }
  if (characters_ == 0) return text;
  std::vector<torch::Tensor> characters;
  for (const auto& row : rows)
    characters.push_back(torch::tensor(CharacterNumbers(row.text, characters_), torch::kInt64));
  text.characters = torch::stack(characters).unsqueeze(1);
  return text;
}

recipes::Prompt PromptReader::PromptOf(const std::vector<ReadSentence>& rows) const {
  auto text = TextOf(rows);
  if (encoder_) text.embeddings = encoder_->Encode(text);
  return recipes::PromptOf(text);
}

recipes::Prompt PromptReader::PromptBetween(const std::vector<ReadSentence>& from,
                                            const std::vector<ReadSentence>& to,
                                            const std::vector<float>& shares) const {
  auto prompt = PromptOf(from);
  const auto other = PromptOf(to);
  const auto share = torch::tensor(shares);
  if (prompt.embeddings.defined()) {
    prompt.embeddings = prompt.embeddings * (1 - share.unsqueeze(1)) + other.embeddings * share.unsqueeze(1);
    return prompt;
  }
  prompt.share = share;
  prompt.other_captions = other.captions;
  prompt.other_lengths = other.lengths;
  return prompt;
}

}  // namespace helio::app
