#include "src/app/prompt_reader.h"

#include "dataio/batch_rows.h"
#include "src/app/sentence_reader.h"
#include "src/base/characters.h"

namespace helio::app {
namespace {

// The sentence's known words; says which it does not know.
std::vector<int32_t> KnownWords(const std::vector<std::string>& tokens, const dataio::Vocabulary& vocabulary,
                                std::vector<std::string>& known) {
  std::vector<int32_t> ids;
  std::string unknown;
  for (const auto& token : tokens) {
    const int64_t id = vocabulary.Find(token);
    if (id > 0) {
      ids.push_back(static_cast<int32_t>(id));
      known.push_back(token);
    } else {
      unknown += " " + token;
    }
  }
  if (!unknown.empty()) LOG(WARNING) << "words that the system never saw, left out:" << unknown;
  if (ids.empty())
    ThrowUser("none of its words is known", "--text", "the training captions show which words are");
  return ids;
}

// The sentence as rows of words that the system knows, and those words.
dataio::Domain WordsOf(const AskedText& asked, const dataio::Vocabulary& vocabulary, int64_t longest,
                       std::vector<std::string>& words) {
  auto ids = KnownWords(vocabulary.WordsOf(asked.text), vocabulary, words);
  if (static_cast<int64_t>(ids.size()) > longest) {
    LOG(WARNING) << "only the first " << longest << " words are used";
    ids.resize(static_cast<size_t>(longest));
    words.resize(ids.size());
  }
  dataio::Domain text;
  std::tie(text.captions, text.caption_lengths) =
      dataio::PadCaptions(std::vector<std::vector<int32_t>>(static_cast<size_t>(asked.rows), ids), longest);
  return text;
}

// The same for a system that knows sentences only by their embedding.
recipes::Prompt EmbeddedPrompt(const AskedText& asked, const TrainedModel& model,
                               std::vector<std::string>& words) {
  const auto encoder = SentenceEncoderOf(model, asked.encoder);
  const auto needs = encoder->Needs();
  dataio::Domain text;
  if (needs.captions) text = WordsOf(asked, model.vocabulary(), needs.words, words);
  if (needs.characters > 0)
    text.characters = torch::tensor(CharacterNumbers(asked.text, needs.characters), torch::kInt64)
                          .expand({asked.rows, 1, needs.characters});
  return {text.captions, text.caption_lengths, encoder->Encode(text)};
}

}  // namespace

recipes::Prompt PromptFor(const AskedText& asked, const TrainedModel& model,
                          std::vector<std::string>& words) {
  if (model.needs().embeddings > 0) return EmbeddedPrompt(asked, model, words);
  return recipes::PromptOf(WordsOf(asked, model.vocabulary(), model.needs().words, words));
}

}  // namespace helio::app
