#pragma once
#include "src/base/tensor.h"
#include "src/eval/evaluator.h"

namespace helio::eval {

struct ColourBindingOptions {
  int64_t folds = 10;
  std::string judge = {};
  std::vector<std::string> parts = {}, colours = {};  // names: also a score of each of them
};

// Is the asked colour on the asked part? R-precision hardly asks that. Scores:
//   <name>_part_accuracy     asked (part, colour) pairs where the judge sees that colour on that part
//   <name>_anywhere_accuracy the same where it sees the colour on any part of the bird
//   <name>_all_parts_accuracy pictures with all their asked parts right
//   <name>_part_accuracy_PART, <name>_part_accuracy_COLOUR the first, of one part or one asked colour;
//                            absent where fewer captions than folds ask for it
class ColourBinding : public Evaluator {
 public:
  // `part_colours` maps pictures to scores {B, parts, colours}; the largest is the colour seen.
  ColourBinding(std::string name, ImageFunction part_colours, ColourBindingOptions options = {});
  void Consume(const EvalBatch& batch) override;  // images, asked, positions
  NamedTensors Partial() override { return rows_.Rows(); }
  std::vector<Score> Finish(const NamedTensors& merged) const override;

 private:
  std::vector<std::pair<std::string, torch::Tensor>> Kinds(const torch::Tensor& asked) const;

  ImageFunction part_colours_;
  ColourBindingOptions options_;
  RowCollector rows_;
};

// Captions with two of their colours exchanged.
struct SwappedCaptions {
  torch::Tensor captions;  // {B, words} int64
  // {B} bool: false where the caption does not name two different colours (left as it is).
  torch::Tensor swapped;
};

// Exchanges two words of different colours in each caption, which two being a function of (seed, position).
// `colour_of_word` {vocabulary} int64: the colour a word calls, or -1.
SwappedCaptions SwapColours(const torch::Tensor& captions, const torch::Tensor& lengths,
                            const torch::Tensor& colour_of_word, const torch::Tensor& positions,
                            uint64_t seed);

struct ColourSwapOptions {
  int64_t folds = 10;
  uint64_t seed = 100;
  std::string judge;
};

// Share of pictures nearer (cosine of DAMSM codes) to their caption than to the same caption with two colours
// exchanged; chance 0.5. Score: <name>.
class ColourSwap : public Evaluator {
 public:
  ColourSwap(std::string name, ImageFunction image_code, TextFunction sentence_code,
             torch::Tensor colour_of_word, ColourSwapOptions options = {});
  void Consume(const EvalBatch& batch) override;  // images, captions, lengths, positions
  NamedTensors Partial() override { return rows_.Rows(); }
  std::vector<Score> Finish(const NamedTensors& merged) const override;

 private:
  ImageFunction image_code_;
  TextFunction sentence_code_;
  torch::Tensor colour_of_word_;
  ColourSwapOptions options_;
  RowCollector rows_;
};

}  // namespace helio::eval
