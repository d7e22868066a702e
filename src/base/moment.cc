#include "src/base/moment.h"

#include "src/base/tensor.h"
// clang-format off
#include <ATen/cuda/CUDAEvent.h>
// clang-format on

namespace helio {

struct Moment::Event {
  at::cuda::CUDAEvent event{cudaEventDefault};  // with a time
};

Moment Moment::On(c10::Device device) {
  Moment moment;
  moment.host_ = Clock::now();
  if (!device.is_cuda()) return moment;
  moment.event_ = std::make_shared<Event>();
  moment.event_->event.record(c10::cuda::getCurrentCUDAStream(device.index()));
  return moment;
}

Moment Moment::At(Clock::time_point time) {
  Moment moment;
  moment.host_ = time;
  return moment;
}

void Moment::Wait() const {
  if (event_ && !event_->event.query()) event_->event.synchronize();
}

double Moment::Since(const Moment& earlier) const {
  if (!event_) return Seconds(host_ - earlier.host_);
  Wait();
  return earlier.event_->event.elapsed_time(event_->event) * 1e-3;
}

}  // namespace helio
