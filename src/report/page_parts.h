#pragma once
#include <string>

#include "src/base/json.h"

namespace helio::report {

// The page with its style, its script and the data that the script shows (as JSON in a script element,
// whatever its strings hold) at the marks /*STYLE*/, /*SCRIPT*/ and /*DATA*/.
std::string FilledPage(std::string html, const std::string& style, const std::string& script,
                       const Json& data);

}  // namespace helio::report
