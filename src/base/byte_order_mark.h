#pragma once
#include <string>
#include <string_view>

namespace helio {

// Some editors begin a text with U+FEFF, in UTF-8: it belongs to no word of the text.
inline void DropByteOrderMark(std::string& text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.erase(0, kMark.size());
}

// Whether the marks say that it is UTF-16, as PowerShell and Excel's "Unicode text" write it.
inline bool IsUtf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

}  // namespace helio
