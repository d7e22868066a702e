#pragma once
#include <algorithm>
#include <string>
#include <string_view>

// ASCII letters and blanks, whatever the locale: all other bytes stay as they are.
namespace helio {

constexpr char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string LowerAscii(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return LowerAscii(c); });
  return text;
}

// Without spaces, tabs and line ends around it.
inline std::string Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

}  // namespace helio
