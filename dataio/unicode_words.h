#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace helio::dataio {

// The words of WordRule::kUnicode (dataio/text.h). Thread-safe.
std::vector<std::string> UnicodeWords(std::string_view text);

// A file's name in normal form C: as people type what a Mac's file system writes otherwise. Empty where there
// is no other form: of ASCII, and of bytes that are no UTF-8 (what stands in their place would be the same
// for all). Thread-safe.
std::string ComposedName(std::string_view name);

// Whether a code point is a letter of any script; -1 is none.
bool IsLetter(int32_t point);

}  // namespace helio::dataio
