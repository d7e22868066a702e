#pragma once
#include <string>
#include <vector>

#include "src/base/option_list.h"

// Declared options (src/base/option_list.h) as command-line flags of this process.
namespace helio::app {

// Makes a flag of each option whose name has none yet: before the command line is parsed. Where two lists
// declare an option, the flag is the first one's; each list keeps its own default. Not thread-safe.
void RegisterFlags(const OptionList& list);

// Those of a struct with Declare.
template <typename Options>
void RegisterFlagsOf() {
  static auto& defaults = *new Options;
  OptionList list;
  defaults.Declare(list);
  RegisterFlags(list);
}

// A flag of ours, as help shows it.
struct FlagText {
  std::string name, value, text;  // value: the default
  bool is_bool = false;
  std::string group = {};  // empty: of the program alone
};

// All flags of this process.
struct ProcessFlags {
  std::vector<FlagText> ours;
  std::vector<std::string> others;  // names that the flags library brings
};
ProcessFlags FlagsOfProcess();

// A declared option as help shows it.
FlagText TextOf(const Option& option);

// Those of the registered flags that the command line or a flagfile sets.
OptionValues GivenFlags();

}  // namespace helio::app
