#pragma once
// For headers that only name a tensor. What calls their functions includes src/base/tensor.h.
namespace at {
class Tensor;
}
namespace torch {
using at::Tensor;
}
