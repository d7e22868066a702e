#pragma once
#include <string>
#include <vector>

#include "src/app/flagfiles.h"
#include "src/app/flags.h"

namespace helio::app {

// The name among `known` with the fewest edits, if they are few enough for a slip; else empty.
std::string NearestName(const std::string& name, const std::vector<std::string>& known);

// What is wrong with the arguments, all at once (the flags library would name the first in its own words and
// exit); a line "\n  FILE: --name=value: ..." each: a name in neither list, with the nearest known one; a
// value of another type than its flag's; a line of a flagfile that is no flag, or whose value has a comment
// behind it, or quotes around what is no text. What may be meant is logged: quotes around a text, and
// comments in a run's own run.flags, which holds values as the command line gave them. Sets those of `flags`
// whose values it looks at: only so the library tells what fits. What follows a flag as its value, and what
// follows "--", is no flag. Not thread-safe.
std::string FlagProblems(const std::vector<Argument>& arguments, const ProcessFlags& flags);

}  // namespace helio::app
