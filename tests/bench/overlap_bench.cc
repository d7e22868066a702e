// How much of the gradients' reduction hides under backward. A chain of layers whose backward computes for a
// given time each; by default as long in all as the reduction takes alone.
//   mpirun -n 2 build/release/bin/overlap_bench [MEGABYTES=64] [LAYERS=24] [STEPS=5]
#include <time.h>

#include <algorithm>
#include <iomanip>
#include <iostream>

#include "cluster/gradient_reducer.h"
#include "cluster/launch.h"
#include "src/base/autograd.h"
#include "src/base/error.h"

namespace helio::cluster {
namespace {

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Needs the core for `seconds`, whoever else wants it: what a convolution would do.
void Compute(double seconds) {
  const double end = CpuSeconds() + seconds;
  while (CpuSeconds() < end) {
  }
}

// y = x + sum of weight's first element; backward computes, then hands out the weight's gradient.
class Layer : public torch::autograd::Function<Layer> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight, double seconds) {
    context->saved_data["seconds"] = seconds;
    context->saved_data["size"] = weight.numel();
    return x + 1;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    Compute(context->saved_data["seconds"].toDouble());
    return {gradients[0], gradients[0].expand({context->saved_data["size"].toInt()}), {}};
  }
};

// Median wall time of a step; `communicate` false: compute only.
double Step(Communicator& c, ParameterGroup& group, GradientReducer& reducer, double compute, int steps,
            bool communicate = true) {
  std::vector<double> results;
  const double each = compute / static_cast<double>(group.slots().size());
  for (int step = 0; step < steps; ++step) {
    group.ZeroGradient();
    c.Barrier();
    const auto begin = Clock::now();
    auto x = torch::zeros({1});
    for (const auto& slot : group.slots()) x = Layer::apply(x, slot.parameter, each);
    std::optional<GradientReducer::Pass> pass;
    if (communicate) pass.emplace(reducer.Arm());
    x.sum().backward();
    if (communicate) {
      pass->LaunchRemaining();
      reducer.Wait();
    }
    results.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::sort(results.begin(), results.end());
  return AllReduceScalar(c, results[results.size() / 2], Reduce::kMax);
}

void Print(Communicator& c, const std::string& what, double seconds) {
  if (c.rank() == 0)
    std::cout << std::left << std::setw(30) << what << std::right << std::fixed << std::setprecision(1)
              << std::setw(9) << seconds * 1e3 << " ms" << std::endl;
}

int Run(Communicator& c, double megabytes, int layers, int steps) {
  NamedTensors parameters;
  const auto size = static_cast<int64_t>(megabytes * (1 << 18) / layers);
  for (int i = 0; i < layers; ++i)
    parameters.emplace_back(std::to_string(i), torch::zeros({size}).requires_grad_());
  ParameterGroup group("g", parameters);
  ReducerOptions options;
  options.bucket_mb = megabytes / 16;
  options.overlap = false;
  double alone, compute, bare, serial;
  {
    GradientReducer reducer(c, group, options);
    alone = Step(c, group, reducer, 0, steps) - Step(c, group, reducer, 0, steps, false);
    compute = alone;
    bare = Step(c, group, reducer, compute, steps, false);
    serial = Step(c, group, reducer, compute, steps);
  }
  options.overlap = true;
  GradientReducer reducer(c, group, options);
  const double overlapped = Step(c, group, reducer, compute, steps);
  Print(c, "communication alone", alone);
  Print(c, "compute alone", bare);
  Print(c, "one after the other", serial);
  Print(c, "overlapped", overlapped);
  if (c.rank() == 0)
    std::cout << "hidden: " << 100 * (1 - (overlapped - bare) / alone) << " % of the communication\n";
  return 0;
}

}  // namespace
}  // namespace helio::cluster

int main(int argc, char** argv) {
  using namespace helio;
  try {
    cluster::LaunchOptions options;
    options.device = cluster::WantedDevice::kCpu;
    cluster::Launch launch(options);
    StartLogging(argv[0], launch.world().rank, launch.world().size);
    return launch.Run([&] {
      return cluster::Run(launch.communicator(), argc > 1 ? std::stod(argv[1]) : 64,
                          argc > 2 ? std::stoi(argv[2]) : 24, argc > 3 ? std::stoi(argv[3]) : 5);
    });
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return error.exit_code();
  }
}
