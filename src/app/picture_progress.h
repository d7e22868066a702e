#pragma once
#include <string>

#include "src/eval/judging_progress.h"

namespace helio::app {

// Of passes over many pictures, one after the other: a bar on the terminal, and at the end of each a line
// with its speed, `what` being the line's first words ("drawn pictures"). The first pass begins now. On ranks
// but the first: nothing.
eval::ProgressCallback PictureProgress(const std::string& what, int rank);

}  // namespace helio::app
