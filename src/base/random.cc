#include "src/base/random.h"

#include <cmath>
#include <numbers>

#include "src/base/log.h"

namespace helio {
namespace {

uint64_t Mix(uint64_t z) {  // SplitMix64's finaliser
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

}  // namespace

uint64_t RandomKey(uint64_t seed, std::string_view purpose, std::initializer_list<int64_t> parts) {
  uint64_t key = Mix(seed + 0x9E3779B97F4A7C15ull);
  for (const char c : purpose) key = Mix(key ^ static_cast<unsigned char>(c)) + 0x9E3779B97F4A7C15ull;
  for (const int64_t part : parts) key = Mix(key ^ static_cast<uint64_t>(part)) + 0x9E3779B97F4A7C15ull;
  return Mix(key);
}

uint64_t RandomStream::Next() { return Mix(state_ += 0x9E3779B97F4A7C15ull); }

int64_t RandomStream::Below(int64_t bound) {
  CHECK_GT(bound, 0);
  const auto range = static_cast<uint64_t>(bound);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % range;  // rejecting above it removes the modulo's bias
  uint64_t draw = Next();
  while (draw >= limit) draw = Next();
  return static_cast<int64_t>(draw % range);
}

double RandomStream::Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

double RandomStream::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - Unit()));
  return radius * std::cos(2.0 * std::numbers::pi * Unit());
}

}  // namespace helio
