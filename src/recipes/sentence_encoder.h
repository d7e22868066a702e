#pragma once
#include <memory>
#include <string>
#include <vector>

#include "dataio/batch.h"
#include "src/base/named_tensors.h"
#include "src/recipes/options.h"

namespace helio::recipes {

// A frozen network that makes sentence embeddings of captions: what helio-embed writes beside shards, and
// what draws a sentence with a system that was trained on those. On the host. One thread.
class SentenceEncoder {
 public:
  virtual ~SentenceEncoder() = default;
  virtual int64_t size() const = 0;  // D
  // What it reads of captions.
  virtual dataio::DomainNeeds Needs() const = 0;
  // {B, D} of what it needs; constants.
  virtual torch::Tensor Encode(const dataio::Domain& text) = 0;
  // "sentence features of DAMSM's text encoder".
  virtual std::string name() const = 0;
  virtual NamedTensors State() const = 0;

  std::string Digest() const { return WeightsDigest(State()); }
};

// By what `weights` hold: "char_cnn_rnn." or "text_encoder." (of DAMSM, in the dimensions of `text` and
// captions cut to `words`). Throws Error{kUser} naming `where`.
std::unique_ptr<SentenceEncoder> MakeSentenceEncoder(const NamedTensors& weights,
                                                     const TextEncoderOptions& text, int64_t vocabulary,
                                                     int64_t words, const std::string& where);

}  // namespace helio::recipes
