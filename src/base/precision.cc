#include "src/base/precision.h"

#include "src/base/autograd.h"
// clang-format off
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
// clang-format on

namespace helio {
namespace {

constexpr c10::DispatchKey kAutocast[] = {c10::DispatchKey::AutocastCPU, c10::DispatchKey::AutocastCUDA};

}  // namespace

// These two also set what torch's newer interface reads; the newer one alone leaves states that torch
// refuses.
void UseCudaProducts(Precision precision) {
  at::globalContext().setAllowTF32CuBLAS(precision == Precision::kTf32);
  at::globalContext().setAllowTF32CuDNN(precision == Precision::kTf32);
  at::globalContext().setAllowBF16ReductionCuBLAS(false);  // sums of bfloat16 products are float32's
  at::globalContext().setDeterministicCuDNN(true);  // a resumed run has the bits of one that was not stopped
}

ForwardPrecision::ForwardPrecision(Precision precision, torch::Device device) {
  if (precision != Precision::kBfloat16) return;
  device_ = device.type();
  CHECK(!at::autocast::is_autocast_enabled(*device_)) << "forward passes within a forward pass";
  at::autocast::set_autocast_dtype(*device_, torch::kBFloat16);
  at::autocast::set_autocast_enabled(*device_, true);
}

ForwardPrecision::~ForwardPrecision() {
  if (!device_) return;
  at::autocast::set_autocast_enabled(*device_, false);
  at::autocast::clear_cache();
}

FullPrecision::FullPrecision()
    : was_excluded_{c10::impl::tls_is_dispatch_key_excluded(kAutocast[0]),
                    c10::impl::tls_is_dispatch_key_excluded(kAutocast[1])} {
  for (const auto key : kAutocast) c10::impl::tls_set_dispatch_key_excluded(key, true);
}

FullPrecision::~FullPrecision() {
  for (size_t i = 0; i < std::size(kAutocast); ++i)
    c10::impl::tls_set_dispatch_key_excluded(kAutocast[i], was_excluded_[i]);
}

}  // namespace helio
