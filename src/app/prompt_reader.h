#pragma once
#include <memory>
#include <string>
#include <vector>

#include "src/app/trained_model.h"
#include "src/recipes/drawer.h"
#include "src/recipes/sentence_encoder.h"

namespace helio::app {

// A sentence as a model reads it.
struct ReadSentence {
  std::string text;
  std::vector<std::string> words;    // those that it knows, in order, at most as many as it reads
  std::vector<int32_t> ids;          // theirs
  std::vector<std::string> unknown;  // the others, left out
  bool cut = false;                  // whether it has more known words than are read
};

// Reads sentences as one model does: as words, or as their embedding by the encoder that it was trained with.
class PromptReader {
 public:
  // `encoder`: file of the sentence encoder, for systems that were trained on embeddings; empty: the one that
  // the run recorded. Throws Error{kUser} where it is missing or another one. The model outlives the reader.
  PromptReader(const TrainedModel& model, const std::string& encoder);

  // Any thread. Of an encoder that reads characters every sentence is known and has no words.
  ReadSentence Read(const std::string& text) const;
  // Whether there is anything in it that the model can draw.
  bool Knows(const ReadSentence& sentence) const { return !reads_words() || !sentence.ids.empty(); }
  // The same, but says which words are unknown, and throws Error{kUser} naming `where` if all are.
  ReadSentence ReadKnown(const std::string& text, const std::string& where) const;

  // A row each. One thread.
  recipes::Prompt PromptOf(const std::vector<ReadSentence>& rows) const;
  // What lies between two sentences, a row each: `shares` of the way, 0 to 1. One thread.
  recipes::Prompt PromptBetween(const std::vector<ReadSentence>& from, const std::vector<ReadSentence>& to,
                                const std::vector<float>& shares) const;

 private:
  bool reads_words() const { return words_ > 0; }
  dataio::Domain TextOf(const std::vector<ReadSentence>& rows) const;

  const TrainedModel& model_;
  const std::unique_ptr<recipes::SentenceEncoder> encoder_;  // null: the model reads words itself
  const int64_t words_;                                      // that are read, at most; 0: characters are
  const int64_t characters_;
};

}  // namespace helio::app
