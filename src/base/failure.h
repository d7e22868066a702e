#pragma once
#include <string>

namespace helio {

// Why a program ends, and with which code (docs/running.md).
struct Failure {
  std::string what;
  int exit_code = 0;
};

// Of the exception that is being handled: call it in a catch (...).
Failure CurrentFailure();

}  // namespace helio
