#pragma once
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace helio {

// Random numbers are functions of keys, never of history: that is what makes resume exact and N ranks equal
// to one. A key mixes the run's seed, a purpose ("noise", "augment", ...) and integers such as step or epoch
// and row.
uint64_t RandomKey(uint64_t seed, std::string_view purpose, std::initializer_list<int64_t> parts = {});

// A small generator for host-side choices (crop offsets, caption picks, shuffles): SplitMix64. Satisfies
// UniformRandomBitGenerator, but use Below/Unit: std distributions differ between standard libraries.
class RandomStream {
 public:
  explicit RandomStream(uint64_t key) : state_(key) {}
  uint64_t Next();
  int64_t Below(int64_t bound);  // uniform in [0, bound), unbiased; bound > 0
  double Unit();                 // uniform in [0, 1), 53 bits
  double Normal();               // standard normal (Box-Muller)

 private:
  uint64_t state_;
};

}  // namespace helio
