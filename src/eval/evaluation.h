#pragma once
#include <filesystem>
#include <vector>

#include "cluster/communicator.h"
#include "dataio/dataset.h"
#include "dataio/domain_needs.h"
#include "src/eval/judges.h"
#include "src/eval/watch.h"
#include "src/recipes/drawer.h"
#include "src/recipes/validation.h"

// Pictures of held-out captions, judged: what helio-train does at a cadence and helio-eval at length.
namespace helio::eval {

// Told on every rank of an evaluator that cannot give its scores of these pictures, and why.
using Absence = std::function<void(const std::string& name, const std::string& reason)>;

struct EvaluationOptions {
  int64_t images = 3000;  // over all ranks together
  uint64_t seed = 1;      // captions and noise are functions of (seed, position)
  // Rank 0 writes there the features that distances compare; empty: nowhere.
  std::filesystem::path features_file = {};
  Watch watch = {};
  Absence absent = {};  // unset: such an evaluator's Error is thrown, and no score is had
};

// What is evaluated of a system with such needs, and by whom; what it refers to outlives it.
struct Examination {
  const Judges& judges;
  const dataio::Dataset& rows;  // whose captions, classes and real pictures
  dataio::DomainNeeds needs;
  EvaluationOptions options;
  cluster::Communicator& communicator;
};

// Draws pictures of held-out captions, shared among the ranks, and scores them by every judge at hand.
// Collective; the scores are the same on every rank.
std::vector<Score> EvaluateGenerator(recipes::Drawer& drawer, const Examination& test);

// The same scores of the real pictures of those captions. Collective.
std::vector<Score> EvaluateReal(const Examination& test);

// How different pictures of one caption are: `pictures` of each of options.images / pictures captions.
// Collective.
std::vector<Score> EvaluateDiversity(recipes::Drawer& drawer, const Examination& test, int64_t pictures);

// Pictures drawn for the classes of training rows, and these rows' own, scored by whether the classifier sees
// the class. Where the drawer knows other classes than the rows (ImageNet's), pictures of each of its classes
// in turn. Throws Error{kUser} where the classifier knows others. Collective.
std::vector<Score> EvaluateClasses(recipes::Drawer& drawer, const Examination& train);

std::vector<recipes::ValidationScore> ValidationScores(const std::vector<Score>& scores);

}  // namespace helio::eval
