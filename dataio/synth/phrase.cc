#include "dataio/synth/phrase.h"

namespace helio::dataio {

std::string Text(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const auto piece : pieces) text += piece;
  return text;
}

std::string Pick(RandomStream& random, Words words) {
  return words[static_cast<size_t>(random.Below(static_cast<int64_t>(words.size())))];
}

std::string Fill(std::string_view pattern, const std::function<std::string(std::string_view)>& filling) {
  std::string text;
  while (!pattern.empty()) {
    const size_t open = pattern.find('{'), close = pattern.find('}');
    text += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    text += filling(pattern.substr(open + 1, close - open - 1));
    pattern.remove_prefix(close + 1);
  }
  return text;
}

// "a orange" -> "an orange"
std::string WithArticles(std::string text) {
  for (size_t at = 0; (at = text.find("a ", at)) != std::string::npos; ++at) {
    const bool word = at == 0 || text[at - 1] == ' ';
    const bool vowel =
        at + 2 < text.size() && std::string_view("aeiou").find(text[at + 2]) != std::string_view::npos;
    if (word && vowel) text.insert(at + 1, "n");
  }
  return text;
}

size_t CountWords(const std::string& text) {
  size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool letter = c >= 'a' && c <= 'z';
    words += letter && !inside;
    inside = letter;
  }
  return words;
}

}  // namespace helio::dataio
