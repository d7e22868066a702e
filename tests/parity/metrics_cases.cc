#include "src/eval/frechet.h"
#include "src/eval/inception_score.h"
#include "src/eval/r_precision.h"
#include "tests/parity/cases.h"

namespace helio::parity {
namespace {

torch::Tensor Scalar(double value) { return torch::tensor(value, torch::kFloat64); }

void GiveScore(Fixture& fixture, const eval::MeanDeviation& score, const std::string& stem,
               const std::string& parts) {
  fixture.Give(stem + "mean", Scalar(score.mean));
  fixture.Give(stem + "std", Scalar(score.deviation));
  fixture.Give(stem + parts, torch::tensor(score.parts, torch::kFloat64));
}

void ReplayRPrecision(Fixture& fixture) {
  const auto result = eval::RPrecisionOf(fixture.Get("in.r.img_code"), fixture.Get("in.r.sent_code"),
                                         fixture.Get("in.r.candidates"), /*folds=*/10, /*top=*/3);
  fixture.Give("out.r.rank", result.ranks);
  fixture.Give("out.r.true_similarity", result.true_similarity);
  for (size_t k = 0; k < result.tops.size(); ++k)
    GiveScore(fixture, result.tops[k], "out.r.top" + std::to_string(k + 1) + "_", "folds");
}

void ReplayFrechet(Fixture& fixture) {
  eval::Moments x, y;
  x.Add(fixture.Get("in.fid.x"));
  y.Add(fixture.Get("in.fid.y"));
  fixture.Give("out.fid.mu_x", x.mean());
  fixture.Give("out.fid.mu_y", y.mean());
  fixture.Give("out.fid.trace_sqrt", Scalar(eval::TraceSqrtProduct(x.Covariance(), y.Covariance())));
  fixture.Give("out.fid.fid", Scalar(eval::FrechetDistanceOf(x, y)));
}

}  // namespace

void ReplayMetrics(Fixture& fixture) {
  GiveScore(fixture, eval::InceptionScoreOf(fixture.Get("in.is.probs"), /*splits=*/10), "out.is.", "splits");
  ReplayRPrecision(fixture);
  ReplayFrechet(fixture);
}

}  // namespace helio::parity
