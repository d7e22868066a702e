#pragma once
#include <string>
#include <utility>
#include <vector>

#include "cluster/communicator.h"

namespace helio::cluster {

// What every rank must agree on before training: name -> value ("version", "configuration", "data manifest",
// "initial weights"). Values are short strings: versions and digests.
using Fingerprints = std::vector<std::pair<std::string, std::string>>;

// Throws Error{kUser} on every rank, naming each item and the ranks that differ from what most have (ties:
// from what the lowest of their ranks has) with their values. Collective.
void CheckConsistency(Communicator& communicator, const Fingerprints& own);

}  // namespace helio::cluster
