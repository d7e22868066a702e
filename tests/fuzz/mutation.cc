#include "tests/fuzz/mutation.h"

#include <gtest/gtest.h>

#include "src/base/error.h"

namespace helio::fuzz {
namespace {

// What breaks arithmetic: limits of the integer types, in little-endian pieces of 1 to 8 bytes.
constexpr uint64_t kNumbers[] = {0,          1,          0x7f,       0x80,       0xff,
                                 0x7fff,     0xffff,     0x7fffffff, 0x80000000, 0xffffffff,
                                 UINT64_MAX, 1ull << 62, 1ull << 63, 100000000,  INT64_MAX};

class Damager {
 public:
  Damager(std::string bytes, uint64_t key) : bytes_(std::move(bytes)), random_(key) {}

  void DamageOnce() {
    if (bytes_.empty()) bytes_ = "x";
    switch (random_.Below(7)) {
      case 0:
        return FlipBit();
      case 1:
        return ReplaceByte();
      case 2:
        return bytes_.resize(Place());
      case 3:
        bytes_.erase(Place(), Length());
        return;
      case 4:
        bytes_.insert(Place(), bytes_.substr(Place(), Length()));
        return;
      case 5:
        return ClearPiece();
      default:
        return PutNumber();
    }
  }
  void ReplaceByte() { bytes_[Place()] = static_cast<char>(random_.Below(256)); }
  void CutEnd() { bytes_.resize(Place()); }
  int64_t Below(int64_t bound) { return random_.Below(bound); }
  const std::string& bytes() const { return bytes_; }

 private:
  size_t Place() { return static_cast<size_t>(random_.Below(static_cast<int64_t>(bytes_.size()))); }
  size_t Length() { return static_cast<size_t>(1 + random_.Below(64)); }
  void FlipBit() {
    char& byte = bytes_[Place()];
    byte = static_cast<char>(byte ^ (1 << random_.Below(8)));
  }
  void ClearPiece() {
    const size_t place = Place(), length = std::min(Length(), bytes_.size() - place);
    bytes_.replace(place, length, length, '\0');
  }
  void PutNumber() {
    const uint64_t number = kNumbers[random_.Below(std::size(kNumbers))];
    const size_t place = Place(),
                 width = std::min<size_t>(size_t{1} << random_.Below(4), bytes_.size() - place);
    std::memcpy(bytes_.data() + place, &number, width);
  }

  std::string bytes_;
  RandomStream random_;
};

}  // namespace

int64_t Runs() {
  const char* runs = std::getenv("HELIO_FUZZ_RUNS");
  return runs == nullptr ? 300 : std::stoll(runs);
}

std::string Damaged(const std::string& whole, uint64_t key) {
  Damager damager(whole, key);
  for (int64_t left = 1 + damager.Below(3); left > 0 || damager.bytes() == whole; --left)
    damager.DamageOnce();
  return damager.bytes();
}

std::string ByteOrEnd(const std::string& whole, uint64_t key) {
  Damager damager(whole, key);
  const bool cut = damager.Below(4) == 0;
  while (damager.bytes() == whole) cut ? damager.CutEnd() : damager.ReplaceByte();
  return damager.bytes();
}

bool Refused(const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return true;
  }
  return false;
}

}  // namespace helio::fuzz
