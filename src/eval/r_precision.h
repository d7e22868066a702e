#pragma once
#include "src/base/tensor.h"
#include "src/eval/evaluator.h"

namespace helio::eval {

struct RPrecisionOptions {
  int64_t wrong = 99;  // captions of other classes beside the true one
  int64_t folds = 10;
  int64_t top = 3;
  uint64_t seed = 100;
  std::string judge = {};  // which encoders: name and digest, for the protocol
  bool classed = true;     // whether the pictures have classes, for the protocol
};

struct RPrecisionResult {
  // {N} int64: how many wrong candidates are not strictly less similar than the true one.
  torch::Tensor ranks;
  torch::Tensor true_similarity;    // {N} float64 cosine with the true caption
  std::vector<MeanDeviation> tops;  // [k - 1]: share of rank < k, over folds
};

// Ranks by cosine, in float64; ties count against, and codes that are not finite make the shares NaN.
// image_codes {N, d}, sentence_codes {M, d}, candidates {N, 1 + wrong} int64 rows of sentence_codes with the
// true one first. AttnGAN (CVPR 2018) section 4, "R-precision".
RPrecisionResult RPrecisionOf(const torch::Tensor& image_codes, const torch::Tensor& sentence_codes,
                              const torch::Tensor& candidates, int64_t folds, int64_t top);

// Throws Error{kUser} naming `where` unless each of `classes` {N} leaves `wrong` rows of others.
void CheckEnoughOthers(const torch::Tensor& classes, int64_t wrong, const std::string& where = "r_precision");

// {N, 1 + wrong}: row i is i and then `wrong` different rows whose class is not that of i, a function of
// (seed, positions[i], classes). Throws Error{kUser} if some class leaves fewer than `wrong` rows.
torch::Tensor DrawCandidates(const torch::Tensor& positions, const torch::Tensor& classes, int64_t wrong,
                             uint64_t seed);

// Share of pictures whose own caption is among the k nearest of 1 + 99 captions, the wrong ones being the
// captions of other evaluated samples. Scores: <name>_top1 ... <name>_top<top>.
class RPrecision : public Evaluator {
 public:
  // `image_code` {B, d} and `sentence_code` {B, d} are DAMSM's global codes.
  RPrecision(std::string name, ImageFunction image_code, TextFunction sentence_code,
             RPrecisionOptions options = {});
  void Consume(const EvalBatch& batch) override;  // images, captions, lengths, classes, positions
  NamedTensors Partial() override { return rows_.Rows(); }
  std::vector<Score> Finish(const NamedTensors& merged) const override;

 private:
  ImageFunction image_code_;
  TextFunction sentence_code_;
  RPrecisionOptions options_;
  RowCollector rows_;
};

}  // namespace helio::eval
