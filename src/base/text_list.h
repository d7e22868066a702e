#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace helio {

// Lists as people write them: "a, b, c".

inline void AddToList(std::string& list, std::string_view item, std::string_view separator = ", ") {
  if (!list.empty()) list += separator;
  list += item;
}

// The items, strings or what converts to them, with separators between them.
template <typename Range>
std::string Join(const Range& items, std::string_view separator = ", ") {
  std::string list;
  for (const auto& item : items) AddToList(list, static_cast<std::string>(item), separator);
  return list;
}

// The parts between separators; one at the end of the text begins no further part.
inline std::vector<std::string> Split(std::string_view text, char separator = ',') {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

}  // namespace helio
