#pragma once
#include <memory>
#include <string>
#include <vector>

#include "src/eval/evaluator.h"
#include "src/eval/judges.h"

// Which scores there are, by the judges that are at hand.
namespace helio::eval {

using Evaluators = std::vector<std::unique_ptr<Evaluator>>;

// Of pictures that were drawn for some of so many `classes`, by the classifier. Throws Error{kUser} where it
// knows others.
std::unique_ptr<Evaluator> MakeClassEvaluator(const Judges& judges, int64_t classes,
                                              const std::string& prefix);

// The scores that the judges can give, their names with `prefix` in front.
Evaluators MakeEvaluators(const Judges& judges, const dataio::Dataset& test, const std::string& prefix,
                          uint64_t seed);

// The names of the scores that evaluations of so many `images` in training can give, in order, before there
// are judges: of these `weights`, without prefix and attributes.
std::vector<std::string> ScoreNames(const recipes::PretrainedWeights& weights, const dataio::Dataset& test,
                                    const DistanceChoice& distances, int64_t images);

}  // namespace helio::eval
