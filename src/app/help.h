#pragma once
#include <string>
#include <vector>

#include "src/app/flags.h"

// Help and the search for misspelt flags: pure text, no flags of its own.
namespace helio::app {

// `usage`, then the flags: the program's own first, the others by group; a line each.
std::string HelpText(const std::string& usage, const std::vector<FlagText>& flags);

// The name among `known` with the fewest edits, if they are few enough for a slip; else empty.
std::string NearestName(const std::string& name, const std::vector<std::string>& known);

// One line for each argument (--name, --name=value, --noname) whose name is in neither list, with the nearest
// known one. `flags`: ours; `others`: names the flags library brings. A value that follows its flag is no
// argument.
std::vector<std::string> UnknownFlags(const std::vector<std::string>& arguments,
                                      const std::vector<FlagText>& flags,
                                      const std::vector<std::string>& others);

}  // namespace helio::app
