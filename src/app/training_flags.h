#pragma once
#include <set>
#include <string>
#include <vector>

#include "src/app/flags.h"
#include "src/recipes/registry.h"

namespace helio::app {

// Makes flags of everything that the programs that train, judge and draw can be told (training_options.h),
// and of every system's options.
void RegisterTrainingFlags();

// What a run of the system reads, as help shows it, with the system's own defaults. Throws as FindSystem.
std::vector<FlagText> FlagsOf(const std::string& recipe);

// The names of those that several of the program's systems read: one system's own are shown with it alone.
std::set<std::string> FlagNamesOf(recipes::Program program);

}  // namespace helio::app
