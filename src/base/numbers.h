#pragma once
#include <charconv>
#include <optional>
#include <string_view>

namespace helio {

// The number that the whole of `text` is. Nothing for "12a", " 12", "" and what does not fit T.
template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace helio
