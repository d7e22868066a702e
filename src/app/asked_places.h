#pragma once
#include <string>
#include <vector>

#include "src/base/tensor.h"

namespace helio::app {

// --box=x,y,w,h as {rows, 4} float32: left, top, width, height in units of the picture's side. Throws
// Error{kUser} unless it is four numbers and a box in the picture.
torch::Tensor AskedBox(const std::string& text, int64_t rows);

// --points=beak:x,y,... as {rows, names, 3} float32: x, y, 1; zeros for those that are not named. Words of a
// name may be joined by _. Throws Error{kUser} for other names, twice the same, places out of the picture.
torch::Tensor AskedPoints(const std::string& text, const std::vector<std::string>& names, int64_t rows);

}  // namespace helio::app
