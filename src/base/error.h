#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

#include "src/base/exit_code.h"

namespace helio {

// Why something failed; decides the exit code (docs/running.md) and whether a launcher restarts the job.
enum class ErrorKind {
  kUser,     // bad flags, bad input files, a missing dataset: exit 1, do not restart
  kData,     // damaged data at run time (checksum, truncation): exit 1, do not restart
  kCluster,  // a rank, link or deadline failed: exit 75, restart from the last checkpoint
  kSystem,   // disk full, file server gone, out of memory: exit 75, restart may help
};

// The one exception type for everything that can go wrong without a bug in our code. One line: what, where,
// what to do. Bugs (broken invariants) use glog's CHECK.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string_view what_happened, std::string_view where, std::string_view remedy)
      : std::runtime_error(Compose(what_happened, where, remedy)), kind_(kind) {}

  ErrorKind kind() const { return kind_; }
  int exit_code() const {
    return kind_ == ErrorKind::kUser || kind_ == ErrorKind::kData ? kMistakeCode : kRequeueCode;
  }

 private:
  static std::string Compose(std::string_view what, std::string_view where, std::string_view remedy) {
    std::string line = where.empty() ? std::string(what) : std::string(where) + ": " + std::string(what);
    if (!remedy.empty()) line += " (" + std::string(remedy) + ")";
    return line;
  }

  ErrorKind kind_;
};

[[noreturn]] inline void ThrowUser(std::string_view what, std::string_view where = "",
                                   std::string_view remedy = "") {
  throw Error(ErrorKind::kUser, what, where, remedy);
}
[[noreturn]] inline void ThrowData(std::string_view what, std::string_view where = "",
                                   std::string_view remedy = "") {
  throw Error(ErrorKind::kData, what, where, remedy);
}

}  // namespace helio
