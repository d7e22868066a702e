// All-reduce time and bus bandwidth by size: mpirun -n 2 build/release/tests/allreduce_bench [cpu|auto]
// Bus bandwidth = bytes / seconds * 2 (N - 1) / N, as nccl-tests counts it.
#include <torch/cuda.h>

#include <iomanip>
#include <iostream>

#include "cluster/launch.h"
#include "src/base/error.h"
#include "src/base/tensor.h"

namespace helio::cluster {
namespace {

double Time(Communicator& c, const torch::Tensor& buffer, int repeats) {
  for (int i = 0; i < 3; ++i) c.AllReduce(buffer).Wait();
  c.Barrier();
  const auto begin = Clock::now();
  for (int i = 0; i < repeats; ++i) c.AllReduce(buffer).Wait();
  if (buffer.is_cuda()) torch::cuda::synchronize();
  return std::chrono::duration<double>(Clock::now() - begin).count() / repeats;
}

int Run(Communicator& c) {
  if (c.rank() == 0)
    std::cout << "ranks " << c.size() << ", " << c.world().device
              << "\n     bytes   microseconds  bus MB/s\n";
  for (int64_t bytes = 4; bytes <= 256 << 20; bytes *= 4) {
    const auto buffer = torch::zeros({bytes / 4}, torch::dtype(torch::kFloat32).device(c.world().device));
    const double seconds = Time(c, buffer, bytes < 1 << 20 ? 300 : bytes < 64 << 20 ? 10 : 3);
    const double factor = 2.0 * (c.size() - 1) / c.size();
    if (c.rank() == 0)
      std::cout << std::setw(10) << bytes << std::setw(15) << std::fixed << std::setprecision(1)
                << seconds * 1e6 << std::setw(10) << static_cast<double>(bytes) * factor / seconds / 1e6
                << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace helio::cluster

int main(int argc, char** argv) {
  using namespace helio;
  try {
    cluster::LaunchOptions options;
    options.device = ValueIn(cluster::kWantedDevices, argc > 1 ? argv[1] : "cpu").value();
    cluster::Launch launch(options);
    StartLogging(argv[0], launch.world().rank, launch.world().size);
    return launch.Run([&] { return cluster::Run(launch.communicator()); });
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return error.exit_code();
  }
}
