// How far float32 training drifts apart over 20 steps when only the order of summation changes: one rank with
// two threads instead of one, against 2 and 4 ranks. (In float64 they agree to 1e-9: ranks_test.)
//   build/release/bin/drift_bench [STEPS=20]
#include <ATen/Parallel.h>

#include "tests/unit/recipes/toy_training.h"

namespace helio::testing {
namespace {

// The largest relative difference of a loss, and the relative difference of all weights taken together.
std::pair<double, double> Drift(const Outcome& got, const Outcome& expected) {
  double loss = 0, difference = 0, norm = 0;
  for (size_t i = 0; i < expected.losses.size(); ++i)
    loss = std::max(
        loss, std::abs(got.losses[i] - expected.losses[i]) / std::max(1.0, std::abs(expected.losses[i])));
  for (size_t i = 0; i < expected.state.size(); ++i) {
    const auto one = expected.state[i].second.to(torch::kFloat64);
    difference += (got.state[i].second.to(torch::kFloat64) - one).square().sum().item<double>();
    norm += one.square().sum().item<double>();
  }
  return {loss, std::sqrt(difference / norm)};
}

Outcome Play(const std::string& recipe, int ranks, int64_t steps, int threads) {
  at::set_num_threads(threads);
  return PlayToy(recipe, ranks, steps, {.reducer = {.bucket_mb = 0.001}});
}

void Print(const char* what, const Outcome& got, const Outcome& expected) {
  const auto [loss, weights] = Drift(got, expected);
  std::printf(" %s: %.1e, %.1e |", what, loss, weights);
}

void Compare(const std::string& recipe, int64_t steps) {
  const auto alone = Play(recipe, 1, steps, 1);
  std::printf("| %s |", recipe.c_str());
  Print("2 threads", Play(recipe, 1, steps, 2), alone);
  Print("2 ranks", Play(recipe, 2, steps, 1), alone);
  Print("4 ranks", Play(recipe, 4, steps, 1), alone);
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace
}  // namespace helio::testing

int main(int argc, char** argv) {
  std::printf("| recipe | largest relative difference of a loss, relative difference of the weights\n");
  for (const char* recipe : {"mirrorgan", "attngan", "damsm", "captioner"})
    helio::testing::Compare(recipe, argc > 1 ? std::atoll(argv[1]) : 20);
}
