#include "src/nn/conv_norm.h"

namespace helio::nn {

ConvNormImpl::ConvNormImpl(const ConvSpec& spec) {
  const auto options = torch::nn::Conv2dOptions(spec.in, spec.out, {spec.kernel[0], spec.kernel[1]})
                           .stride(spec.stride)
                           .padding({spec.padding[0], spec.padding[1]})
                           .bias(false);
  conv = register_module("conv", Conv2d(options));
  bn = register_module("bn", BatchNorm(spec.out, 1e-3));
}

}  // namespace helio::nn
