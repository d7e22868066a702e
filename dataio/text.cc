#include "dataio/text.h"

#include <span>

#include "dataio/unicode_words.h"
#include "src/base/ascii.h"
#include "src/base/checksum.h"

namespace helio::dataio {
namespace {

bool IsAsciiWord(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

// The code point at `position`, or -1; `length` gets the bytes it takes (1 where it is damaged).
int32_t CodePoint(std::string_view text, size_t position, size_t& length) {
  const auto lead = static_cast<unsigned char>(text[position]);
  length = SequenceLength(lead);
  if (length == 1) return lead;
  if (length == 0 || position + length > text.size()) return length = 1, -1;
  int32_t point = lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[position + i]);
    if ((next & 0xC0) != 0x80) return length = 1, -1;
    point = point << 6 | (next & 0x3F);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return overlong || surrogate || point > 0x10FFFF ? (length = 1, -1) : point;
}

// Non-ASCII characters that separate words: Latin-1 signs, general punctuation, symbols, ideographic
// punctuation, U+FFFD.
bool Separates(int32_t point) {
  if (point < 0xC0) return point != 0xAA && point != 0xB5 && point != 0xBA;
  return point == 0xD7 || point == 0xF7 || (point >= 0x2000 && point <= 0x2BFF) ||
         (point >= 0x3000 && point <= 0x3004) || point == 0xFFFD;
}

std::vector<std::string> AsciiWords(std::string_view text) {
  std::vector<std::string> tokens;
  std::string token;
  const auto flush = [&] {
    if (!token.empty()) tokens.push_back(token);
    token.clear();
  };
  for (size_t position = 0, length = 0; position < text.size(); position += length) {
    const int32_t point = CodePoint(text, position, length);
    const char c = LowerAscii(text[position]);
    if (point >= 0 && point < 0x80) {
      if (IsAsciiWord(c))
        token += c;
      else
        flush();
    } else if (point < 0 || Separates(point)) {
      flush();
    }
  }
  flush();
  return tokens;
}

}  // namespace

std::vector<std::string> Tokenize(std::string_view text, WordRule rule) {
  return rule == WordRule::kAscii ? AsciiWords(text) : UnicodeWords(text);
}

void LetterCount::Add(std::string_view text) {
  for (size_t position = 0, length = 0; position < text.size(); position += length) {
    const int32_t point = CodePoint(text, position, length);
    if (!IsLetter(point)) continue;
    ++letters;
    dropped += point >= 0x80;
  }
}

bool IsUtf8(std::string_view text) {
  for (size_t position = 0, length = 0; position < text.size(); position += length)
    if (CodePoint(text, position, length) < 0) return false;
  return true;
}

Vocabulary::Vocabulary(std::vector<std::string> words, const std::string& where, WordRule rule)
    : words_(std::move(words)), rule_(rule) {
  if (words_.empty() || words_[0] != "<end>") ThrowData("vocabulary does not begin with <end>", where);
  for (size_t i = 0; i < words_.size(); ++i)
    if (!ids_.emplace(words_[i], static_cast<int64_t>(i)).second)
      ThrowData("vocabulary has '" + words_[i] + "' twice", where);
}

Vocabulary Vocabulary::Read(const std::filesystem::path& path) {
  return FromJson(ReadJson(path), path.string());
}

Vocabulary Vocabulary::FromJson(const Json& json, const std::string& where) {
  const auto said = json.contains("rule") ? JsonField<std::string>(json, "rule", where) : "ascii";
  const auto rule = ValueIn(kWordRules, said);
  if (!rule)
    ThrowData("its words follow the unknown rule '" + said + "'", where, "it is of a newer Heliograph");
  Vocabulary vocabulary(JsonField<std::vector<std::string>>(json, "words", where), where, *rule);
  if (json.contains("digest") && JsonField<std::string>(json, "digest", where) != vocabulary.Digest())
    ThrowData("the words do not match their digest", where, "the file was changed or damaged");
  return vocabulary;
}

int64_t Vocabulary::Add(const std::string& word) {
  const auto [entry, added] = ids_.emplace(word, size());
  if (added) words_.push_back(word);
  return entry->second;
}

int64_t Vocabulary::Find(const std::string& word) const {
  const auto found = ids_.find(word);
  return found == ids_.end() ? -1 : found->second;
}

std::string Vocabulary::Digest() const {
  std::string joined;
  for (const auto& word : words_) joined += word + '\n';
  if (rule_ == WordRule::kUnicode) joined += "rule unicode";
  return helio::Digest(joined);
}

std::string Vocabulary::ToJson() const {
  Json json{{"format_version", 1}, {"digest", Digest()}};
  if (rule_ == WordRule::kUnicode) json["rule"] = NameIn(kWordRules, rule_);
  json["words"] = words_;
  return json.dump();
}

}  // namespace helio::dataio
