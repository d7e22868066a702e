#pragma once
#include <string>

namespace helio::train {

// The flags that differ between two flagfiles ("--name=value" lines), as "\n  --name: recorded -> now" lines,
// without those named in `allowed` (comma-separated). Empty when a resume is fine. A flag that only one side
// knows counts as different.
std::string FlagDifferences(const std::string& recorded, const std::string& now, const std::string& allowed);

// "\n  --name: recorded -> now" unless they are equal, nothing was recorded, or `allowed` has the name: for
// what a flag's file contains (the data set, the frozen networks).
std::string ContentDifference(const std::string& name, const std::string& recorded, const std::string& now,
                              const std::string& allowed);

}  // namespace helio::train
