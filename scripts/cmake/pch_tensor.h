#pragma once
// Files with tensors.
#include "scripts/cmake/pch_plain.h"
#include "src/base/tensor.h"
