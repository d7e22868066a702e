#pragma once
#include <cstdint>
#include <string>

#include "src/base/random.h"

namespace helio::fuzz {

// How many damaged inputs each target gets: HELIO_FUZZ_RUNS, or 300 (docs/benchmarks/data.md has the runs of
// 10,000 under AddressSanitizer and UndefinedBehaviorSanitizer).
int64_t Runs();

// `whole` with a random damage, never equal to it: a bit flipped, a byte replaced, the end cut off, a piece
// removed, repeated, zeroed or overwritten by an interesting number, or a few of these. A function of `key`.
std::string Damaged(const std::string& whole, uint64_t key);

// A single byte replaced, or the end cut off.
std::string ByteOrEnd(const std::string& whole, uint64_t key);

// Does `step`; true if it threw an Error, whose message must be one line. Anything else it throws is a bug
// and goes through.
bool Refused(const std::function<void()>& step);

}  // namespace helio::fuzz
