#pragma once
#include "src/base/tensor.h"

namespace helio {

// While it lives, new tensors are of `dtype`.
class DefaultDtype {
 public:
  explicit DefaultDtype(torch::Dtype dtype) { torch::set_default_dtype(c10::scalarTypeToTypeMeta(dtype)); }
  DefaultDtype(const DefaultDtype&) = delete;
  DefaultDtype& operator=(const DefaultDtype&) = delete;
  ~DefaultDtype() { torch::set_default_dtype(c10::scalarTypeToTypeMeta(torch::kFloat32)); }
};

}  // namespace helio
