#pragma once
// Tensors and their operators: what most files need of torch. Files include one of the three headers
// tensor.h, autograd.h and src/nn/module.h (each a precompiled header, each dearer than the one before:
// docs/benchmarks/build.md), never torch itself. c10 defines LOG, CHECK, VLOG ... itself: its macros stay
// between torch_begin.inc and torch_end.inc.
// clang-format off
#include "src/base/torch_begin.inc"
#include <torch/types.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include "src/base/torch_end.inc"
// clang-format on

#include <ostream>
#include <type_traits>

#include "src/base/log.h"

// c10's LOG would swallow what the programs say: its stream is another one.
#define HELIO_LOG_IS_GLOG                                           \
  static_assert(std::is_same_v<decltype(LOG(INFO)), std::ostream&>, \
                "a torch header came before src/base/tensor.h")

HELIO_LOG_IS_GLOG;

namespace torch {
using NoGradGuard = at::NoGradGuard;  // as torch/utils.h has it
}
