#pragma once
#include <string>

namespace helio {

// Why a program ends, and with which code (docs/running.md).
struct Failure {
  std::string what;
  int exit_code = 0;
};

// The failure that the exception being handled stands for: call it in a catch (...). Memory, threads or files
// of this host that are used up (std::bad_alloc, std::system_error, LibTorch's allocator) count as
// ErrorKind::kSystem.
Failure CurrentFailure();

}  // namespace helio
