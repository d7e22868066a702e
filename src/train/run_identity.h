#pragma once
#include <string>

namespace helio::train {

// What a run and the checkpoint it goes on from must agree on.
struct RunIdentity {
  std::string flags = {};     // a flagfile: those that change what is computed
  std::string defaults = {};  // a flagfile: what a checkpoint that does not know one of them was made with
  std::string data = {}, vocabulary = {}, frozen = {};  // digests
};

}  // namespace helio::train
