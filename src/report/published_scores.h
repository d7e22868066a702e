#pragma once
#include <string>
#include <vector>

namespace helio::report {

// A score as a paper prints it: of the published data set at 256 pixels, by the paper's own judges.
struct PublishedScore {
  std::string system;  // "MirrorGAN", "MirrorGAN, lambda 5"
  std::string set;     // "CUB", "COCO"
  std::string score;   // as our scores are named: inception_score, r_precision_top1 (shares)
  double value = 0, deviation = 0;
  std::string source;  // paper and table
};

// What a report says about comparing them with ours.
inline constexpr char kPublishedCaveat[] =
    "The papers' scores are of their data sets at 256 pixels, judged by their own networks. Ours compare "
    "with them "
    "where set, size and protocol are the same; else only the order of our own runs says something.";

// MirrorGAN (Qiao et al., CVPR 2019), tables 1 to 3: its systems, those it compares with, its ablation.
const std::vector<PublishedScore>& PublishedScores();

}  // namespace helio::report
