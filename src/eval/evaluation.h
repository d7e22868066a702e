#pragma once
#include <filesystem>
#include <vector>

#include "cluster/communicator.h"
#include "dataio/dataset.h"
#include "dataio/domain_needs.h"
#include "src/eval/judges.h"
#include "src/eval/judging_progress.h"
#include "src/recipes/drawer.h"
#include "src/recipes/validation.h"

// Pictures of held-out captions, judged: what helio-train does at a cadence and helio-eval at length.
namespace helio::eval {

// Called on every rank for an evaluator that cannot score these pictures, with the reason.
using AbsenceCallback = std::function<void(const std::string& name, const std::string& reason)>;

struct EvaluationOptions {
  int64_t images = 3000;  // over all ranks together
  uint64_t seed = 1;      // captions and noise are functions of (seed, position)
  // Where rank 0 writes the features that distances compare; empty: nowhere.
  std::filesystem::path features_file = {};
  ProgressCallback progress = {};
  AbsenceCallback absent = {};  // empty: such an evaluator's Error is thrown, and there are no scores at all
};

// Which pictures are evaluated, for a system with such needs, and by which judges. What it refers to outlives
// it.
struct EvaluationTask {
  const Judges& judges;
  const dataio::Dataset& rows;  // whose captions, classes and real pictures
  dataio::DomainNeeds needs;
  EvaluationOptions options;
  cluster::Communicator& communicator;
};

// Draws pictures of held-out captions, shared among the ranks, and scores them by every judge at hand.
// Collective; the scores are the same on every rank.
std::vector<Score> EvaluateGenerator(recipes::Drawer& drawer, const EvaluationTask& test);

// The same scores of the real pictures of those captions. Collective.
std::vector<Score> EvaluateReal(const EvaluationTask& test);

// How different the pictures of one caption are: `pictures` for each of options.images / pictures captions.
// Collective.
std::vector<Score> EvaluateDiversity(recipes::Drawer& drawer, const EvaluationTask& test, int64_t pictures);

// Pictures drawn for the classes of training rows, and these rows' own, scored by whether the classifier sees
// the class. Where the drawer knows other classes than the rows (ImageNet's), pictures of each of its classes
// in turn. Throws Error{kUser} where the classifier knows others. Collective.
std::vector<Score> EvaluateClasses(recipes::Drawer& drawer, const EvaluationTask& train);

std::vector<recipes::ValidationScore> ValidationScores(const std::vector<Score>& scores);

}  // namespace helio::eval
