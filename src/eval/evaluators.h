#pragma once
#include <memory>
#include <string>
#include <vector>

#include "src/eval/evaluator.h"
#include "src/eval/judges.h"

// Which scores there are, given the judges that are there.
namespace helio::eval {

using Evaluators = std::vector<std::unique_ptr<Evaluator>>;

// Scores pictures that were drawn for classes, of which there are `classes`, by the classifier. Throws
// Error{kUser} where the classifier knows another number of them.
std::unique_ptr<Evaluator> MakeClassEvaluator(const Judges& judges, int64_t classes,
                                              const std::string& prefix);

// The scores that the judges can give, their names with `prefix` in front.
Evaluators MakeEvaluators(const Judges& judges, const dataio::Dataset& test, const std::string& prefix,
                          uint64_t seed);

// The names, in order, of the scores that evaluations of `images` pictures in training can give with judges
// made of `weights`, before there are any: without prefix and attributes.
std::vector<std::string> ScoreNames(const recipes::PretrainedWeights& weights, const dataio::Dataset& test,
                                    const DistanceChoice& distances, int64_t images);

}  // namespace helio::eval
