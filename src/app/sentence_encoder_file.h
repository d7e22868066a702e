#pragma once
#include <memory>
#include <string>
#include <vector>

#include "src/app/trained_model.h"
#include "src/recipes/sentence_encoder.h"

namespace helio::app {

// The encoder whose weights are in `file` (`flag` names it), for captions of `vocabulary` cut to `words`.
// Throws Error{kUser}, also where it was trained with other words.
std::unique_ptr<recipes::SentenceEncoder> ReadSentenceEncoder(const std::string& file,
                                                              const std::string& flag,
                                                              const recipes::TextEncoderOptions& text,
                                                              const dataio::Vocabulary& vocabulary,
                                                              int64_t words);

// Of a system that was trained on embeddings: the encoder in `file`, or where that is empty the one that the
// run recorded. Throws Error{kUser} where there is none, or it is another than made those embeddings.
std::unique_ptr<recipes::SentenceEncoder> SentenceEncoderOf(const TrainedModel& model,
                                                            const std::string& file);

// Throws Error{kUser} naming `where` unless the set's embeddings are of the encoder that the run was trained
// with, Error{kData} where they are damaged.
void CheckEmbeddings(const TrainedModel& model, const dataio::Dataset& dataset, const std::string& where);

}  // namespace helio::app
