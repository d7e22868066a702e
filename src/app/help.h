#pragma once
#include <string>
#include <vector>

// Help and the search for misspelt flags: pure text, no flags of its own.
namespace helio::app {

struct FlagText {
  std::string name, value, text;  // value: the default
  bool is_bool = false;
  bool shared = true;  // false: defined by the program's own main, listed first
};

// `usage`, then the flags: the program's own first, the shared ones grouped by what they are about; a line
// each.
std::string HelpText(const std::string& usage, const std::vector<FlagText>& flags);

// The shared flags that no group of HelpText names: none, or a new flag was forgotten there.
std::vector<std::string> UngroupedFlags(const std::vector<FlagText>& flags);

// The name among `known` with the fewest edits, if they are few enough for a slip; else empty.
std::string NearestName(const std::string& name, const std::vector<std::string>& known);

// One line for each argument (--name, --name=value, --noname) whose name is in neither list, with the nearest
// known one. `flags`: ours; `others`: names the flags library brings. A value that follows its flag is no
// argument.
std::vector<std::string> UnknownFlags(const std::vector<std::string>& arguments,
                                      const std::vector<FlagText>& flags,
                                      const std::vector<std::string>& others);

}  // namespace helio::app
