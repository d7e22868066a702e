#pragma once
// Functions with a backward of their own, and hooks of gradients.
#include "src/base/tensor.h"
// Torch's own come last: tensor.h has brought c10's LOG and glog's together, and the first one to include c10
// decides.
// clang-format off
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
// clang-format on

HELIO_LOG_IS_GLOG;
