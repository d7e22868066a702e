#pragma once
// Modules, and those of torch's that our networks are made of.
#include <string>

#include "src/base/autograd.h"
#include "src/base/named_tensors.h"
// Torch's own come last (src/base/autograd.h says why).
// clang-format off
#include <torch/nn/module.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>
// clang-format on

HELIO_LOG_IS_GLOG;

namespace helio {

// Parameters then buffers of a module in registration order, each name with `prefix` in front.
NamedTensors StateOf(const torch::nn::Module& module, const std::string& prefix = "");

}  // namespace helio
