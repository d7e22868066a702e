#pragma once
#include <string>
#include <vector>

#include "dataio/batch.h"
#include "src/base/tensor.h"
#include "src/recipes/drawing_noise.h"

namespace helio::recipes {

// What pictures are asked for: a caption a row; of systems that can be asked for a class, a class a row where
// there are no captions.
struct Prompt {
  torch::Tensor captions;         // {B, words} int64 word ids, 0 = padding
  torch::Tensor lengths;          // {B} int64, in any order
  torch::Tensor embeddings = {};  // {B, D} float32: of systems that read sentence embeddings
  // Where things are to be, as in dataio::Domain: of systems that read them.
  torch::Tensor boxes = {};       // {B, 4}
  torch::Tensor key_points = {};  // {B, P, 3}
  torch::Tensor classes = {};     // {B} int64
  // Where it is defined, rows are drawn from what lies on the way from their captions' features to those of
  // others: (1 - share) own + share other, of each word and of the sentence. Of systems that read captions.
  torch::Tensor share = {};           // {B} in [0, 1]
  torch::Tensor other_captions = {};  // as the captions
  torch::Tensor other_lengths = {};

  // B, of whichever it has; 0 where it asks for nothing, as of systems that draw of noise alone.
  int64_t rows() const {
    for (const auto* each : {&captions, &embeddings, &classes, &boxes, &key_points})
      if (each->defined()) return each->size(0);
    return 0;
  }
};

// The text of a batch's rows as a prompt, and the geometry that was read.
inline Prompt PromptOf(const dataio::Domain& data) {
  return {data.captions, data.caption_lengths, data.embeddings, data.boxes, data.key_points, data.classes};
}

// One picture a row.
struct Pictures {
  // A stage each, smallest first, or of systems that change a picture step by step some of these, the last
  // one last: {B, 3, s, s} in [-1, 1].
  std::vector<torch::Tensor> images;
  // Word attention of refining stages: {B, words, s', s'}, sums to 1 over words.
  std::vector<torch::Tensor> attention;
  std::vector<std::string> labels = {};  // of `images`, where their sides do not tell them apart
};

// Draws pictures with a system's generator, for evaluation, samples and helio-generate: no gradient, networks
// in evaluation mode and afterwards in the mode they were found in. Local: whatever the number of ranks. One
// thread.
class Drawer {
 public:
  virtual ~Drawer() = default;
  // `rows`: the noise of each row, so that a row's picture is the same whatever is drawn beside it. The
  // prompt may be on any device; the pictures are on the networks'.
  virtual Pictures Draw(const Prompt& prompt, const DrawingRows& rows) = 0;
  // Re-estimates the drawing networks' batch-norm statistics as the plain average over the prompts' batches:
  // an averaged (EMA) generator has other activations than the live one. A function of its arguments: ranks
  // that pass the same end with the same.
  virtual void ReestimateStatistics(const std::vector<Prompt>& prompts, uint64_t seed) = 0;
  // How it draws, where that can be chosen anew for every drawing: scores of pictures that were drawn
  // otherwise do not compare. Empty: in one pass.
  virtual std::string manner() const { return {}; }
  // How many classes it can be asked for in place of captions; 0: it draws captions only.
  virtual int64_t classes() const { return 0; }
  // Whether it can draw what lies between two captions (Prompt::share).
  virtual bool mixes_captions() const { return true; }
  // The name of the part that it draws with and that helio-export writes.
  virtual std::string part() const = 0;
};

}  // namespace helio::recipes
