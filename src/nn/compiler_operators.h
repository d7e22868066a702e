#pragma once
#include <ATen/core/dispatch/Dispatcher.h>

#include "src/base/tensor.h"

// The operators that torch's compiler calls, oneDNN's among them; they have no names in torch's C++ headers.
namespace helio::nn {

template <class Signature>
auto CompilerOperator(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).typed<Signature>();
}

// The arguments of an operator behind theirs ("relu" has none).
using OperatorScalars = torch::List<std::optional<at::Scalar>>;

}  // namespace helio::nn
