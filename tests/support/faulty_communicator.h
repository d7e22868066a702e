#pragma once
#include "cluster/communicator.h"

namespace helio::testing {

// What goes wrong, on which rank, at which of its calls (from 1).
struct Fault {
  enum class Kind {
    kNone,
    kFail,   // the call throws
    kDelay,  // the call comes `seconds` late
    kHang,   // the rank never makes the call (sleeps for an hour)
    kKill,   // SIGKILL to itself
    kStop,   // SIGSTOP to itself
  };
  Kind kind = Kind::kNone;
  int rank = 0;  // -1: all of them
  uint64_t call = 1;
  double seconds = 0;
};

// Throws std::invalid_argument for an unknown word.
Fault::Kind FaultKind(const std::string& word);

// Passes every call on to `inner`, except the faulty one. `inner` must outlive it. Splits are not faulty.
std::unique_ptr<cluster::Communicator> MakeFaulty(cluster::Communicator& inner, const Fault& fault);

}  // namespace helio::testing
