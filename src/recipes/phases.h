#pragma once
#include <functional>
#include <string>
#include <utility>

#include "src/base/tensor.h"
#include "src/recipes/options.h"
#include "src/recipes/system.h"

// What the phases of several systems are put together from.
namespace helio::recipes {

// `rate`: before a schedule's factor.
OptimizerOptions AdamWith(const AdamBetaOptions& betas, double rate);
// The same by Torch7's rule, which is also Caffe's.
OptimizerOptions Torch7AdamWith(const AdamBetaOptions& betas, double rate);

// A factor of a phase's rate.
using RateFactor = std::function<double(const StepContext&)>;
// Halves the rate after every `epochs` epochs.
RateFactor HalvedEvery(int64_t epochs);
// The same as Torch7's programs do it: their epochs count from 1 and the rate is halved as every `epochs`-th
// begins, so that the first stage is one epoch short.
RateFactor HalvedEarly(int64_t epochs);

// Parameters (no buffers) of a module under `prefix`.
NamedTensors ParametersOf(const torch::nn::Module& module, const std::string& prefix);
// Those of them that take gradients.
NamedTensors TrainedParametersOf(const torch::nn::Module& module, const std::string& prefix);

// The loss of a phase by the system's own kind of step, which is what its Prepare makes.
template <typename OwnStep, typename Terms>
std::function<LossTerms(Step&)> LossOf(Terms terms) {
  return [terms = std::move(terms)](Step& step) mutable { return terms(static_cast<OwnStep&>(step)); };
}

// For System::WhyNotCaptured of a system whose only questions to other ranks go through these two; empty in a
// world of one.
std::string WhyRanksAreAsked(const GlobalBatch& norm_scope, const GlobalBatch& loss_scope);

// A phase that updates the parameters of `module` that take gradients, under `prefix` ("netG."); as yet
// without losses.
Phase MakePhase(const std::string& name, const torch::nn::Module& module, const std::string& prefix,
                const OptimizerOptions& optimizer, RateFactor rate = {});

}  // namespace helio::recipes
