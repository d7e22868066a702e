// A small job whose sum is known, for two or more ranks on simulated devices whose streams are queues: who
// forgets to wait, or frees too early, gets another sum. Run by device_streams.py.
//   SIM_ASYNC=1 mpirun -n 2 RUN device_streams_program MISTAKE [STEPS [DEADLINE]]
// MISTAKE of rank 1, at its tenth step: none; size, kind (of a collective); order (of two communicators'
// calls); recurrent: differentiates an LSTM in evaluation mode; or any_order: an operator whose gradient has
// other bits each time.
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/nn/modules/rnn.h>

#include <iostream>

#include "cluster/launch.h"
#include "cluster/speaking_turn.h"
#include "src/base/error.h"
#include "src/base/tensor.h"
#include "src/base/to_device.h"

namespace helio {
namespace {

using cluster::Communicator;
using cluster::Reduce;

constexpr int64_t kSize = 20'000, kMistakeAt = 10;

class Job {
 public:
  Job(Communicator& world, std::string mistake)
      : world_(world),
        other_(world.Duplicate("other")),
        device_(world.world().device),
        aside_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device_.index())),
        mistake_(std::move(mistake)) {}

  double Sum(int64_t steps) {
    auto sum = torch::zeros({}, torch::dtype(torch::kFloat64).device(device_));
    for (int64_t step = 0; step < steps; ++step) {
      world_.BeginStep(step);
      if (step == kMistakeAt && world_.rank() == 1) Err();
      sum += Step(static_cast<float>(step));
    }
    return sum.item<double>();
  }

  // Of the same steps: each rank's is twice its batch over all ranks, and its own batch.
  double Known(int64_t steps) const {
    double sum = 0;
    for (int64_t step = 0; step < steps; ++step) {
      for (int rank = 0; rank < world_.size(); ++rank) sum += 2.0 * kSize * Value(step, rank);
      sum += static_cast<double>(kSize) * Value(step, world_.rank());
    }
    return sum;
  }

 private:
  static double Value(double step, int rank) { return step + 3 * rank + 1; }

  torch::Tensor Step(float step) {
    // Its pinned memory is the next step's, too.
    auto batch = ToDevice(torch::full({kSize}, Value(step, world_.rank())), device_, torch::kFloat32);
    auto gradient = batch * 2;
    const auto pending = world_.AllReduce(gradient, Reduce::kSum, "gradient");
    const auto shared = other_->AllReduce(batch.narrow(0, 0, 1).clone(), Reduce::kSum, "statistics");
    const auto own = SumAside(std::move(batch));
    pending.Wait();
    shared.Wait();
    return gradient.sum(torch::kFloat64) + own;
  }

  // On another stream, which is told of, as the owner of `values` gives them up here.
  torch::Tensor SumAside(torch::Tensor values) {
    const auto current = c10::cuda::getCurrentCUDAStream(device_.index());
    at::cuda::CUDAEvent made, summed;
    made.record(current);
    made.block(aside_);
    torch::Tensor sum;
    {
      const c10::cuda::CUDAStreamGuard on(aside_);
      sum = (values * 1).sum(torch::kFloat64);
    }
    values.record_stream(aside_);
    values.reset();
    summed.record(aside_);
    auto more = torch::zeros({kSize}, device_);  // may get the memory
    summed.block(current);
    sum.record_stream(current);
    return sum + more.sum(torch::kFloat64);
  }

  void Err() {
    if (mistake_ == "size") world_.AllReduce(torch::ones({7}, device_), Reduce::kSum, "wrong size").Wait();
    if (mistake_ == "kind") world_.Broadcast(torch::ones({kSize}, device_), 0, "wrong kind").Wait();
    if (mistake_ == "order") other_->AllReduce(torch::ones({1}, device_), Reduce::kSum, "too early").Wait();
    if (mistake_ == "recurrent") Recur();
    if (mistake_ == "any_order") Pad();
  }

  void Recur() const {
    torch::nn::LSTM lstm(3, 4);
    lstm->to(device_);
    lstm->eval();
    std::get<0>(lstm->forward(torch::ones({2, 1, 3}, device_))).sum().backward();
  }

  void Pad() const {
    const auto maps = torch::ones({1, 1, 4, 4}, device_).requires_grad_();
    torch::reflection_pad2d(maps, {1, 1, 1, 1}).sum().backward();
  }

  Communicator& world_;
  const std::unique_ptr<Communicator> other_;
  const torch::Device device_;
  const c10::cuda::CUDAStream aside_;
  const std::string mistake_;
};

int Run(Communicator& world, const std::string& mistake, int64_t steps) {
  Job job(world, mistake);
  const double sum = job.Sum(steps), known = job.Known(steps);
  if (sum == known) return 0;
  std::cerr << "rank " << world.rank() << ": the sum is " << sum << " instead of " << known << std::endl;
  return 3;
}

}  // namespace
}  // namespace helio

int main(int argc, char** argv) {
  using namespace helio;
  if (argc < 2) return 2;
  cluster::LaunchOptions options;
  options.device = cluster::WantedDevice::kCuda;
  options.deadlines = {.first_seconds = 60, .seconds = argc > 3 ? std::stod(argv[3]) : 10};
  try {
    cluster::Launch launch(options);
    StartLogging(argv[0], launch.world().rank, launch.world().size);
    return launch.Run(
        [&] { return Run(launch.communicator(), argv[1], argc > 2 ? std::stoll(argv[2]) : 40); });
  } catch (const Error& error) {
    cluster::LetLowerRanksSpeak(cluster::LauncherRank());
    std::cerr << error.what() << "\n";
    return error.exit_code();
  }
}
