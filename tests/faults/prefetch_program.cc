// Sums the pictures of a small set's batches, as they come to a simulated device through a Prefetcher and
// through Upload() on the current stream: who forgets to wait, or frees too early, gets another sum. Run by
// device_streams.py.
//   prefetch_program [DEVICE]
// On another than the first one (0) twice, so that loader threads begin while copies out of page-locked
// memory are behind them.
#include <iostream>

#include "dataio/prefetcher.h"
#include "dataio/upload.h"
#include "tests/unit/dataio/small_set.h"
// clang-format off
#include <c10/core/DeviceGuard.h>
// clang-format on

namespace helio::dataio {
namespace {

constexpr int64_t kSteps = 60;

class Sums {
 public:
  Sums(std::shared_ptr<const Dataset> dataset, torch::Device device)
      : dataset_(std::move(dataset)), device_(device) {}

  double Prefetched() const {
    Loader loader({{dataset_, needs_}}, Options(), 0);
    Prefetcher prefetcher(loader, {needs_}, device_, torch::kFloat32);
    return Sum([&] { return prefetcher.Next(60); });
  }

  double OnOneStream() const {
    Loader loader({{dataset_, needs_}}, Options(), 0);
    return Sum([&] {
      auto batch = loader.Next(60);
      Upload(batch, needs_, device_, torch::kFloat32);
      return batch;
    });
  }

 private:
  LoaderOptions Options() const {
    return {.global_batch = 4, .seed = 3, .workers = 2, .prefetch = 2, .device = device_};
  }

  template <typename Next>
  double Sum(const Next& next) const {
    auto sum = torch::zeros({}, torch::dtype(torch::kFloat64).device(device_));
    auto work = torch::ones({100'000}, torch::dtype(torch::kFloat64).device(device_));
    for (int64_t step = 0; step < kSteps; ++step) {
      const auto batch = next();
      // The pictures are looked at late, and let go at once.
      for (int i = 0; i < 20; ++i) work = work * 1.0;
      sum = sum + (step + 1) * work.mean() * batch.data().images.back().sum(torch::kFloat64);
    }
    return sum.item<double>();
  }

  const std::shared_ptr<const Dataset> dataset_;
  const torch::Device device_;
  const DomainNeeds needs_{.sides = {8, 16}, .words = 6};
};

int Run(const torch::Device& device) {
  const c10::DeviceGuard current(device);
  const ScratchFolder scratch("prefetch");
  const auto dataset = std::make_shared<const Dataset>(PackSmallSet(scratch.path(), 11), "train");
  const Sums on_device(dataset, device);
  if (device.index() > 0) on_device.Prefetched();
  const double sum = on_device.Prefetched();
  const double known = Sums(dataset, torch::kCPU).OnOneStream();
  if (std::abs(sum - known) < 1e-9 * std::abs(known)) return 0;
  std::cerr << "the sum is " << sum << " instead of " << known << std::endl;
  return 3;
}

}  // namespace
}  // namespace helio::dataio

int main(int argc, char** argv) {
  const int device = argc > 1 ? std::stoi(argv[1]) : 0;
  return helio::dataio::Run(torch::Device(torch::kCUDA, static_cast<c10::DeviceIndex>(device)));
}
