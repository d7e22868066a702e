#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace helio::dataio {

// The published tokenizer (AttnGAN code/datasets.py): lower case, runs of word characters, ASCII only, empty
// tokens dropped. Text is UTF-8; non-ASCII letters belong to words and are dropped from them, as there.
std::vector<std::string> Tokenize(std::string_view text);

// True where `text` is well-formed UTF-8.
bool IsUtf8(std::string_view text);

// Word ids in order of first appearance; 0 is <end>, the padding. Immutable after building.
class Vocabulary {
 public:
  Vocabulary() : words_{"<end>"} { ids_["<end>"] = 0; }
  // Throws Error{kData} unless `words` are unique and words[0] is "<end>".
  explicit Vocabulary(std::vector<std::string> words, const std::string& where);
  // {"format_version": 1, "words": ["<end>", ...], "digest": ...}. Throws Error{kData} naming the file.
  static Vocabulary Read(const std::filesystem::path& path);

  int64_t Add(const std::string& word);         // the word's id, new or old
  int64_t Find(const std::string& word) const;  // -1: unknown
  const std::string& word(int64_t id) const { return words_.at(static_cast<size_t>(id)); }
  int64_t size() const { return static_cast<int64_t>(words_.size()); }
  std::string Digest() const;
  std::string ToJson() const;

 private:
  std::vector<std::string> words_;
  std::map<std::string, int64_t> ids_;
};

}  // namespace helio::dataio
