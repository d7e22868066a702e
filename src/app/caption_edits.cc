#include "src/app/caption_edits.h"

#include <algorithm>
#include <cctype>

#include "src/base/ascii.h"
#include "src/base/error.h"
#include "src/base/text_list.h"

namespace helio::app {
namespace {

constexpr char kForm[] = "WORD:NEW,... as in --edit=red:blue,head:wing; WORD#2 is the second one";

// Bytes of letters beyond ASCII belong to words.
bool IsOfWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }

bool SameLetter(char a, char b) { return LowerAscii(a) == LowerAscii(b); }

// Where the word begins in `text` for the `count`-th time; npos: it does not.
size_t FindWord(const std::string& text, const std::string& word, int count) {
  const auto end = static_cast<std::ptrdiff_t>(word.size());
  for (auto at = text.begin();; ++at) {
    at = std::search(at, text.end(), word.begin(), word.end(), SameLetter);
    if (at == text.end()) return std::string::npos;
    const bool whole =
        (at == text.begin() || !IsOfWord(at[-1])) && (at + end == text.end() || !IsOfWord(at[end]));
    if (whole && --count == 0) return static_cast<size_t>(at - text.begin());
  }
}

bool IsWord(const std::string& text) { return !text.empty() && std::ranges::all_of(text, IsOfWord); }

// The `count`-th `word` becomes `replacement`.
struct AskedEdit {
  std::string named;  // the word as it was asked for, with its count
  std::string word, replacement;
  int count = 1;
};

// WORD:NEW or WORD#COUNT:NEW.
AskedEdit ParseEdit(const std::string& edit, const std::string& where) {
  const auto colon = edit.find(':');
  if (colon == std::string::npos) ThrowUser("is no change of a word", where, kForm);
  const auto named = edit.substr(0, colon);
  AskedEdit asked{named, named, edit.substr(colon + 1)};
  if (const auto mark = asked.word.find('#'); mark != std::string::npos) {
    const auto digit = asked.word.substr(mark + 1);
    if (digit.size() != 1 || digit[0] < '1' || digit[0] > '9')
      ThrowUser("is no change of a word", where, kForm);
    asked.count = digit[0] - '0';
    asked.word.resize(mark);
  }
  if (!IsWord(asked.word) || !IsWord(asked.replacement))
    ThrowUser("changes one word into one word", where, kForm);
  return asked;
}

CaptionEdit Edited(const std::string& text, const std::string& edit) {
  const auto where = "--edit=" + edit;
  const auto [named, word, replacement, count] = ParseEdit(edit, where);
  const auto at = FindWord(text, word, count);
  if (at == std::string::npos) ThrowUser("the caption has no such word: " + text, where, kForm);
  auto caption = text;
  return {named + " > " + replacement, caption.replace(at, word.size(), replacement), replacement};
}

}  // namespace

std::vector<CaptionEdit> EditsOf(const std::string& text, const std::string& edits) {
  std::vector<CaptionEdit> all;
  for (const auto& part : Split(edits)) all.push_back(Edited(text, part));
  return all;
}

}  // namespace helio::app
