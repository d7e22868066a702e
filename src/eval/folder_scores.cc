#include "src/eval/folder_scores.h"

#include <optional>

#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/safetensors.h"
#include "src/eval/frechet.h"
#include "src/eval/inception_score.h"
#include "src/eval/judged_folder.h"
#include "src/eval/picture_folder.h"
#include "src/eval/report.h"

namespace helio::eval {
namespace {

std::vector<Score> InceptionScores(const std::string& name, const Judges& judges, const NamedTensors& rows) {
  return InceptionScore(name, {}, {.splits = judges.inception_splits, .judge = judges.probabilities_protocol})
      .Finish(rows);
}

// A file that features or statistics were written to, if this judge made them.
SafeTensors ReadJudged(const std::filesystem::path& file, const Judges& judges) {
  auto saved = ReadSafeTensors(file);
  const auto judge = saved.MetadataValue("judge");
  if (judge.empty() || judge != judges.features_protocol)
    ThrowUser("its features are of another judge: " + (judge.empty() ? "it does not say which" : judge) +
                  "; this one is: " + judges.features_protocol,
              file.string(), "score the pictures themselves: --real=FOLDER");
  return saved;
}

void CheckEnough(int64_t pictures, int64_t least, const std::string& where) {
  if (pictures < least)
    ThrowUser("has only " + std::to_string(pictures) + " pictures, scores that are asked for need " +
                  std::to_string(least),
              where, "more pictures, or fewer --inception_splits and no --prdc");
}

void CheckEnough(const PictureFolder& folder, const Judges& judges) {
  CheckEnough(folder.size(), std::max(judges.inception_splits, judges.distances.least_rows()),
              folder.root().string());
}

constexpr char kAnew[] = "make it anew: helio-eval --features, scripts/convert_features.py";

// What a file holds under `name`: finite numbers, `dimensions` of them one in the other, of as many features
// as the judge has.
const torch::Tensor& Features(const SafeTensors& saved, const std::string& name, int64_t dimensions,
                              const Judges& judges, const std::string& file) {
  const auto* found = saved.Find(name);
  if (!found) ThrowUser("holds neither 'real' nor 'mu' and 'sigma'", file, kAnew);
  const int64_t width = judges.classifier->trunk().pooled_channels();
  if (found->dim() != dimensions || found->size(-1) != width || !found->is_floating_point())
    ThrowUser("'" + name + "' does not hold floating-point numbers of the judge's " + std::to_string(width) +
                  " features",
              file, kAnew);
  if (!found->isfinite().all().item<bool>())
    ThrowUser("'" + name + "' has numbers that are not finite", file, kAnew);
  return *found;
}

// Checks that a matrix is a covariance: for others the distance can be below zero, which would be the best of
// all. Rounding may make it a little unsymmetric and its eigenvalues a little negative.
void CheckCovariance(const torch::Tensor& sigma, const std::string& file) {
  constexpr double kRounding = 1e-3;  // of the largest
  const auto refuse = [&](const char* why) {
    ThrowUser(std::string("'sigma' is no covariance: ") + why, file, kAnew);
  };
  if (sigma.size(0) != sigma.size(1)) refuse("it is not square");
  const auto values = sigma.to(torch::kFloat64);
  if (((values - values.t()).abs().max() > kRounding * values.abs().max()).item<bool>())
    refuse("it is not symmetric");
  const auto eigenvalues = torch::linalg_eigvalsh((values + values.t()) / 2, "L");  // ascending
  if ((eigenvalues[0] < -kRounding * eigenvalues[-1].clamp_min(0)).item<bool>())
    refuse("it has negative eigenvalues");
}

// Only the Frechet distance can be computed from the mean and covariance of features.
void CheckSaved(const SafeTensors& saved, const Judges& judges, const std::string& file) {
  if (saved.Find("real"))
    return CheckEnough(Features(saved, "real", 2, judges, file).size(0), judges.distances.least_rows(), file);
  Features(saved, "mu", 1, judges, file);
  CheckCovariance(Features(saved, "sigma", 2, judges, file), file);
  if (judges.distances.kid || judges.distances.prdc)
    ThrowUser("holds statistics only; --kid and --prdc need the features", file, "give --fid alone");
}

// What the pictures are compared with, opened before any is judged: nothing, or one of these.
struct RealSide {
  std::optional<PictureFolder> folder;
  std::optional<SafeTensors> saved;
};

RealSide OpenReal(const std::filesystem::path& path, const Judges& judges) {
  RealSide real;
  if (path.extension() == ".safetensors") {
    real.saved = ReadJudged(path, judges);
    CheckSaved(*real.saved, judges, path.string());
  } else if (!path.empty()) {
    if (Exists(path) && !IsFolder(path))
      ThrowUser(
          "is neither a folder of pictures nor a .safetensors file", path.string(),
          "statistics of others: scripts/convert_features.py FILE.npz --judge=\"...\" FILE.safetensors");
    real.folder.emplace(path);
    CheckEnough(*real.folder, judges);
  }
  return real;
}

std::vector<Score> StatisticsScores(const torch::Tensor& drawn, const SafeTensors& saved,
                                    const Judges& judges) {
  if (!judges.distances.fid) return {};
  Moments moments;
  moments.Add(drawn);
  const auto count = saved.MetadataValue("n");
  const auto protocol = "N=" + std::to_string(drawn.size(0)) + " against statistics" +
                        (count.empty() ? "" : " of " + count) + ", " + std::to_string(drawn.size(1)) +
                        " features of " + judges.features_protocol;
  return {
      {"fid", FrechetDistanceOf(moments, Moments::Of(*saved.Find("mu"), *saved.Find("sigma"))), 0, protocol}};
}

std::vector<Score> Distances(const torch::Tensor& drawn, const torch::Tensor& real, const Judges& judges) {
  return DistanceScores(drawn, real, {.choice = judges.distances, .judge = judges.features_protocol});
}

void Append(std::vector<Score>& scores, std::vector<Score> more) {
  for (auto& score : more) scores.push_back(std::move(score));
}

// Scores of other pictures do not compare: each protocol says which these are.
void TellPictures(const std::string& pictures, std::vector<Score>& scores) {
  for (auto& score : scores) score.protocol += "; " + pictures;
}

std::string DigestOf(const NamedTensors& judged) {
  return FolderDigest(FindTensor(judged, "checksums", "a folder"));
}

std::string PicturesOf(const NamedTensors& judged) { return "8-bit pictures of folder " + DigestOf(judged); }

// The contents of a file that --real names.
std::string SavedDigest(const SafeTensors& saved) {
  if (const auto* real = saved.Find("real")) return WeightsDigest({{"real", *real}}).substr(0, 12);
  return WeightsDigest({{"mu", *saved.Find("mu")}, {"sigma", *saved.Find("sigma")}}).substr(0, 12);
}

// What came of the real side: the distances to it, in words what it is, and of a folder its own scores and
// its pictures' features.
struct Comparison {
  std::vector<Score> distances = {};
  std::string subject = {};
  std::vector<Score> scores = {};
  torch::Tensor features = {};
};

Comparison CompareWithFile(const torch::Tensor& drawn, const SafeTensors& saved, const Judges& judges) {
  const auto* real = saved.Find("real");
  return {.distances = real ? Distances(drawn, real->to(torch::kFloat32, false, true), judges)
                            : StatisticsScores(drawn, saved, judges),
          .subject = "real ones in file " + SavedDigest(saved)};
}

// Collective.
Comparison CompareWithFolder(const torch::Tensor& drawn, const PictureFolder& folder, const Judges& judges,
                             const FolderScoreOptions& options, cluster::Communicator& communicator) {
  const auto judged = JudgeFolder(folder, judges, options.progress, communicator);
  const auto& features = FindTensor(judged, "features", options.real.string());
  Comparison comparison{.distances = Distances(drawn, features, judges),
                        .subject = "real ones of folder " + DigestOf(judged),
                        .scores = InceptionScores("real_inception_score", judges, judged),
                        .features = features};
  TellPictures(PicturesOf(judged), comparison.scores);
  return comparison;
}

// Nothing where there is no real side. Collective.
Comparison Compare(const torch::Tensor& drawn, const RealSide& real, const Judges& judges,
                   const FolderScoreOptions& options, cluster::Communicator& communicator) {
  if (real.saved) return CompareWithFile(drawn, *real.saved, judges);
  if (real.folder) return CompareWithFolder(drawn, *real.folder, judges, options, communicator);
  return {};
}

void WriteJudged(const torch::Tensor& drawn, const torch::Tensor& real, const Judges& judges,
                 const FolderScoreOptions& options) {
  NamedTensors rows{{"drawn", drawn}};
  if (real.defined()) rows.emplace_back("real", real);
  WriteFeatures(
      options.features,
      {judges.features_protocol, options.fake.string(), real.defined() ? options.real.string() : ""}, rows);
}

}  // namespace

FolderScores ScoreFolders(const Judges& judges, const FolderScoreOptions& options,
                          cluster::Communicator& communicator) {
  const PictureFolder fake_folder(options.fake);
  CheckEnough(fake_folder, judges);
  const auto real_side = OpenReal(options.real, judges);
  const auto fake = JudgeFolder(fake_folder, judges, options.progress, communicator);
  const auto& drawn = FindTensor(fake, "features", options.fake.string());
  auto real = Compare(drawn, real_side, judges, options, communicator);
  FolderScores scores{InceptionScores("inception_score", judges, fake), std::move(real.scores)};
  TellPictures(PicturesOf(fake), scores.fake);
  TellPictures(PicturesOf(fake) + ", " + real.subject, real.distances);
  Append(scores.fake, std::move(real.distances));
  if (!options.features.empty() && communicator.rank() == 0)
    WriteJudged(drawn, real.features, judges, options);
  return scores;
}

}  // namespace helio::eval
