#pragma once
#include <string>

namespace helio {

// Why a program ends, and with which code (docs/running.md).
struct Failure {
  std::string what;
  int exit_code = 0;
};

// Of the exception that is being handled: call it in a catch (...). Memory, threads or files of this host
// that are used up are kSystem, as std::bad_alloc, std::system_error and LibTorch's allocator say it.
Failure CurrentFailure();

}  // namespace helio
