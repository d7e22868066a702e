// Captures a piece of work on a simulated device, with a mistake or none, and launches it a few times. Run by
// device_capture.py.
//   SIM_ASYNC=1 RUN capture_program MISTAKE
// MISTAKE: none; read, wait, default_stream, cold, event (what no capture may hold); stale (a captured
// operator reads a batch that is not copied to one place), escaped (what a capture made and let go is read
// after its launch). Ends with 0 if the sums are right, 3 if they are not, 4 if the capture was refused.
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>

#include <iostream>

#include "src/base/tensor.h"

namespace helio {
namespace {

constexpr int kLaunches = 12;

class Capture {
 public:
  explicit Capture(std::string mistake) : mistake_(std::move(mistake)) {}

  // Of the batches 1, 2, ...: their sums of squares, as the captured work adds them up.
  double Sum() {
    const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
    sum_ = torch::zeros({}, options_);
    Load(0);
    if (mistake_ != "cold") Work();
    sum_.zero_();
    graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    try {
      Work();
      Err();
    } catch (...) {
      try {
        graph_.capture_end();
      } catch (...) {  // it is over, which is what was wanted
      }
      throw;
    }
    graph_.capture_end();
    return Launches();
  }

  static double Known() {
    double sum = 0;
    for (int i = 1; i <= kLaunches; ++i) sum += 1000.0 * i * i;
    return sum;
  }

 private:
  bool Has(const char* mistake) const { return mistake_ == mistake; }

  void Load(double value) {
    const auto batch = torch::full({1000}, value, options_);
    if (batch_.defined() && !Has("stale"))
      batch_.copy_(batch);
    else
      batch_ = batch;
  }
  void Work() {
    const auto squares = batch_ * batch_;
    if (Has("escaped")) seen_ = at::from_blob(squares.data_ptr(), {1000}, options_);
    sum_ += squares.sum();
  }
  void Err() {
    if (Has("read")) std::cout << sum_.item<double>();
    if (Has("wait")) c10::cuda::getCurrentCUDAStream().synchronize();
    if (Has("event")) at::cuda::CUDAEvent().record(c10::cuda::getDefaultCUDAStream());
    if (Has("default_stream")) {
      const c10::cuda::CUDAStreamGuard guard(c10::cuda::getDefaultCUDAStream());
      sum_ += 1;
    }
  }
  double Launches() {
    for (int i = 1; i <= kLaunches; ++i) {
      Load(i);
      graph_.replay();
    }
    return (seen_.defined() ? seen_.sum() : sum_).item<double>();
  }

  const std::string mistake_;
  const torch::TensorOptions options_ = torch::dtype(torch::kFloat64).device(torch::kCUDA, 0);
  torch::Tensor batch_, sum_, seen_;
  at::cuda::CUDAGraph graph_;
};

int Run(const std::string& mistake) try {
  const double sum = Capture(mistake).Sum();
  if (sum == Capture::Known()) return 0;
  std::cerr << "the sum is " << sum << " instead of " << Capture::Known() << std::endl;
  return 3;
} catch (const c10::Error& error) {
  std::cerr << error.what_without_backtrace() << std::endl;
  return 4;
}

}  // namespace
}  // namespace helio

int main(int, char** arguments) { return helio::Run(arguments[1]); }
