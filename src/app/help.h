#pragma once
#include <string>
#include <vector>

#include "src/app/flags.h"

// Help: pure text, no flags of its own.
namespace helio::app {

// `usage`, then the flags: the program's own first, the others by group; a line each.
std::string HelpText(const std::string& usage, const std::vector<FlagText>& flags);

}  // namespace helio::app
