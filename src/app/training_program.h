#pragma once
#include "src/recipes/program.h"

// What helio-pretrain and helio-train do after their flags are read.
namespace helio::app {

// Trains the system named by --recipe, which must be one of the program's. Returns the exit code; throws
// Error.
int RunTraining(recipes::Program program);

}  // namespace helio::app
