#include "dataio/unicode_words.h"

#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <memory>

#include "dataio/text.h"
#include "src/base/error.h"

namespace helio::dataio {
namespace {

icu::UnicodeString OfUtf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
}

icu::UnicodeString InFormC(const icu::UnicodeString& text) {
  UErrorCode failed = U_ZERO_ERROR;
  const auto* composer = icu::Normalizer2::getNFCInstance(failed);
  auto composed = U_SUCCESS(failed) ? composer->normalize(text, failed) : text;
  if (U_FAILURE(failed)) ThrowUser(std::string("ICU's data cannot be read: ") + u_errorName(failed));
  return composed;
}

// Lower case and composed: "Te\u0302te" and "t\u00EAte" are one word.
icu::UnicodeString Folded(std::string_view text) {
  auto folded = OfUtf8(text);
  folded.toLower(icu::Locale::getRoot());
  return InFormC(folded);
}

// A thread has its own; making one reads ICU's rules.
icu::BreakIterator& WordBreaks() {
  thread_local std::unique_ptr<icu::BreakIterator> breaks;
  if (breaks) return *breaks;
  UErrorCode failed = U_ZERO_ERROR;
  breaks.reset(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), failed));
  if (U_FAILURE(failed) || !breaks)
    ThrowUser(std::string("ICU's data cannot be read: ") + u_errorName(failed), "", "install libicu72");
  return *breaks;
}

bool IsWordPoint(UChar32 point) {
  const auto mask = U_GET_GC_MASK(point);
  return (mask & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK)) != 0 || point == '_';
}

// The runs of word characters of [begin, end): what lies between ICU's word boundaries may hold "don't" or
// "3.5".
void AddRuns(const icu::UnicodeString& text, int32_t begin, int32_t end, std::vector<std::string>& words) {
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) words.push_back(word);
    word.clear();
  };
  for (int32_t i = begin; i < end; i = text.moveIndex32(i, 1)) {
    const UChar32 point = text.char32At(i);
    if (IsWordPoint(point))
      icu::UnicodeString(point).toUTF8String(word);
    else
      flush();
  }
  flush();
}

}  // namespace

std::vector<std::string> UnicodeWords(std::string_view text) {
  const auto folded = Folded(text);
  auto& breaks = WordBreaks();
  breaks.setText(folded);
  std::vector<std::string> words;
  for (int32_t begin = breaks.first(), end = breaks.next(); end != icu::BreakIterator::DONE;
       begin = end, end = breaks.next())
    AddRuns(folded, begin, end, words);
  return words;
}

std::string ComposedName(std::string_view name) {
  const bool ascii = std::ranges::all_of(name, [](unsigned char c) { return c < 0x80; });
  if (ascii || !IsUtf8(name)) return "";
  std::string composed;
  InFormC(OfUtf8(name)).toUTF8String(composed);
  return composed;
}

bool IsLetter(int32_t point) { return point >= 0 && u_isalpha(point) != 0; }

}  // namespace helio::dataio
