#pragma once
#include <string>
#include <vector>

#include "src/app/flagfiles.h"
#include "src/app/flags.h"

namespace helio::app {

// The name among `known` that is the fewest edits away, if these are few enough for a typing error; else
// empty.
std::string NearestName(const std::string& name, const std::vector<std::string>& known);

// Everything that is wrong with the arguments, at once (the flags library would name the first problem in its
// own words and exit). Each is a line "\n  FILE: --name=value: ...": a name in neither list, with the nearest
// known one; a value that is not of its flag's type; a line of a flagfile that is no flag, or whose value has
// a comment behind it, or quotes around a value that is no text. What may be meant is logged instead: quotes
// around a text, and comments in a run's own run.flags, which holds values as the command line gave them.
// Sets those of `flags` whose values it checks, since the library offers no other check. A flag's value in
// the next argument, and what follows "--", is no flag. Not thread-safe.
std::string FlagProblems(const std::vector<Argument>& arguments, const ProcessFlags& flags);

}  // namespace helio::app
