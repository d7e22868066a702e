#pragma once
#include <string>
#include <string_view>

namespace helio {

// Some editors begin a text with U+FEFF, in UTF-8: it belongs to no word of the text.
inline void DropByteOrderMark(std::string& text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.erase(0, kMark.size());
}

}  // namespace helio
