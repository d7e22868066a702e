#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace helio::dataio {

// The words of WordRule::kUnicode (dataio/text.h). Thread-safe.
std::vector<std::string> UnicodeWords(std::string_view text);

// UTF-8 text in normal form C: a name as a Mac's file system writes it is the one that people type.
// Thread-safe.
std::string Composed(std::string_view text);

// Whether a code point is a letter of any script; -1 is none.
bool IsLetter(int32_t point);

}  // namespace helio::dataio
