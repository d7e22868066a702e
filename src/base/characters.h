#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

// Raw captions as the char-CNN-RNN text encoder reads them (Reed et al., CVPR 2016).
namespace helio {

// The published 70 characters; '-' is in it twice, and counts as the later one.
inline constexpr std::string_view kAlphabet =
    "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+-=<>()[]{} ";
inline constexpr int64_t kAlphabetSize = 70;
static_assert(kAlphabet.size() == kAlphabetSize);
inline constexpr int64_t kCharacterPlaces = 201;

// The first `places` characters of a text, in lower case, as numbers 1 to 70; 0 where it has ended, and for
// characters that are none of the 70. Text is UTF-8: what is not ASCII takes one place.
std::vector<int64_t> CharacterNumbers(std::string_view text, int64_t places = kCharacterPlaces);

}  // namespace helio
