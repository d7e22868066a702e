#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/enum_names.h"
#include "src/base/json.h"

namespace helio::dataio {

// How a caption is cut into words; all of them in lower case, runs of word characters, empty ones dropped.
enum class WordRule {
  // The published tokenizer (AttnGAN code/datasets.py): ASCII letters, digits and _. Other letters belong to
  // words and are dropped from them, as there.
  kAscii,
  // Letters, digits and marks of every script, NFC; what is written without blanks (Chinese, Japanese, Thai)
  // is cut by ICU's dictionaries. Of ASCII text the same words.
  kUnicode,
};
inline constexpr Named<WordRule> kWordRules[] = {{WordRule::kAscii, "ascii"},
                                                 {WordRule::kUnicode, "unicode"}};

// Text is UTF-8; damaged bytes separate words.
std::vector<std::string> Tokenize(std::string_view text, WordRule rule = WordRule::kAscii);

// Letters of a text, and how many of them no word of kAscii has.
struct LetterCount {
  int64_t letters = 0, dropped = 0;
  void Add(std::string_view text);
};

// True where `text` is well-formed UTF-8.
bool IsUtf8(std::string_view text);

// Word ids in order of first appearance; 0 is <end>, the padding. Immutable after building.
class Vocabulary {
 public:
  explicit Vocabulary(WordRule rule = WordRule::kAscii) : words_{"<end>"}, rule_(rule) { ids_["<end>"] = 0; }
  // Throws Error{kData} unless `words` are unique and words[0] is "<end>".
  explicit Vocabulary(std::vector<std::string> words, const std::string& where,
                      WordRule rule = WordRule::kAscii);
  // {"format_version": 1, "words": ["<end>", ...], "digest": ..., "rule": "unicode"}; no rule: kAscii. Throws
  // Error{kData} naming the file.
  static Vocabulary Read(const std::filesystem::path& path);
  static Vocabulary FromJson(const Json& json, const std::string& where);

  int64_t Add(const std::string& word);                             // the word's id, new or old
  int64_t Find(const std::string& word) const;                      // -1: unknown
  const std::vector<std::string>& words() const { return words_; }  // by id
  const std::string& word(int64_t id) const { return words_.at(static_cast<size_t>(id)); }
  WordRule rule() const { return rule_; }  // by which a text becomes these words
  std::vector<std::string> WordsOf(std::string_view text) const { return Tokenize(text, rule_); }
  int64_t size() const { return static_cast<int64_t>(words_.size()); }
  std::string Digest() const;
  std::string ToJson() const;

 private:
  std::vector<std::string> words_;
  WordRule rule_ = WordRule::kAscii;
  std::map<std::string, int64_t> ids_;
};

}  // namespace helio::dataio
