#include "src/base/characters.h"

#include <array>

namespace helio {
namespace {

std::array<uint8_t, 256> NumbersOfCharacters() {
  std::array<uint8_t, 256> numbers{};
  for (size_t i = 0; i < kAlphabet.size(); ++i)
    numbers[static_cast<unsigned char>(kAlphabet[i])] = static_cast<uint8_t>(i + 1);
  for (char c = 'A'; c <= 'Z'; ++c)
    numbers[static_cast<unsigned char>(c)] = numbers[static_cast<unsigned char>(c - 'A' + 'a')];
  return numbers;
}

bool Continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

std::vector<int64_t> CharacterNumbers(std::string_view text, int64_t places) {
  static const auto known = NumbersOfCharacters();
  std::vector<int64_t> numbers;
  for (const char byte : text) {
    if (std::ssize(numbers) == places) break;
    if (!Continues(byte)) numbers.push_back(known[static_cast<unsigned char>(byte)]);
  }
  numbers.resize(static_cast<size_t>(places));
  return numbers;
}

}  // namespace helio
