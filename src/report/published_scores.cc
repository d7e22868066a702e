#include "src/report/published_scores.h"

namespace helio::report {
namespace {

void AddInception(std::vector<PublishedScore>& scores) {
  const auto add = [&](const char* system, const char* set, double value, double deviation) {
    scores.push_back({system, set, "inception_score", value, deviation, "MirrorGAN, table 1"});
  };
  add("GAN-INT-CLS", "CUB", 2.88, 0.04);
  add("GAWWN", "CUB", 3.62, 0.07);
  add("StackGAN", "CUB", 3.70, 0.04);
  add("StackGAN++", "CUB", 3.82, 0.06);
  add("AttnGAN", "CUB", 4.36, 0.03);
  add("MirrorGAN", "CUB", 4.56, 0.05);
  add("GAN-INT-CLS", "COCO", 7.88, 0.07);
  add("StackGAN", "COCO", 8.45, 0.03);
  add("PPGN", "COCO", 9.58, 0.21);
  add("AttnGAN", "COCO", 25.89, 0.47);
  add("MirrorGAN", "COCO", 26.47, 0.41);
}

void AddRPrecision(std::vector<PublishedScore>& scores) {
  const auto add = [&](const char* system, const char* set, std::vector<double> percents) {
    for (size_t k = 0; k < percents.size(); ++k)
      scores.push_back({system, set, "r_precision_top" + std::to_string(k + 1), percents[k] / 100, 0,
                        "MirrorGAN, table 2"});
  };
  add("AttnGAN", "CUB", {53.31, 54.11, 54.36});
  add("MirrorGAN", "CUB", {57.67, 58.52, 60.42});
  add("AttnGAN", "COCO", {72.13, 73.21, 76.53});
  add("MirrorGAN", "COCO", {74.52, 76.87, 80.21});
}

void AddAblation(std::vector<PublishedScore>& scores) {
  const auto add = [&](const char* system, const char* set, double inception, double deviation, double top1) {
    scores.push_back({system, set, "inception_score", inception, deviation, "MirrorGAN, table 3"});
    scores.push_back({system, set, "r_precision_top1", top1 / 100, 0, "MirrorGAN, table 3"});
  };
  add("MirrorGAN without global attention, lambda 0", "CUB", 3.91, 0.09, 39.09);
  add("MirrorGAN without global attention, lambda 20", "CUB", 4.47, 0.07, 55.67);
  add("MirrorGAN, lambda 5", "CUB", 4.01, 0.06, 32.07);
  add("MirrorGAN, lambda 10", "CUB", 4.30, 0.07, 43.21);
  add("MirrorGAN, lambda 20", "CUB", 4.54, 0.17, 57.67);
  add("MirrorGAN without global attention, lambda 0", "COCO", 19.01, 0.42, 50.69);
  add("MirrorGAN without global attention, lambda 20", "COCO", 25.99, 0.41, 73.28);
  add("MirrorGAN, lambda 5", "COCO", 21.85, 0.43, 52.55);
  add("MirrorGAN, lambda 10", "COCO", 24.11, 0.31, 63.40);
  add("MirrorGAN, lambda 20", "COCO", 26.47, 0.41, 74.52);
}

}  // namespace

const std::vector<PublishedScore>& PublishedScores() {
  static const auto all = [] {
    std::vector<PublishedScore> scores;
    AddInception(scores);
    AddRPrecision(scores);
    AddAblation(scores);
    return scores;
  }();
  return all;
}

}  // namespace helio::report
