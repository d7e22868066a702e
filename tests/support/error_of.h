#pragma once
#include <optional>
#include <string>

#include "src/base/error.h"

namespace helio {

// The Error that `step` ends with; nothing if it succeeds.
template <typename Step>
std::optional<Error> ErrorIn(const Step& step) {
  try {
    step();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// What that Error says; "" if `step` succeeds.
template <typename Step>
std::string ErrorOf(const Step& step) {
  const auto error = ErrorIn(step);
  return error ? error->what() : "";
}

}  // namespace helio
