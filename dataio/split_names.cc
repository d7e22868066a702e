#include "dataio/split_names.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

namespace helio::dataio {
namespace {

std::string LowerAscii(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "Flickr_8k.trainImages" -> Flickr, k, train, Images.
std::vector<std::string> WordsOfName(const std::string& name) {
  std::vector<std::string> words;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto is_letter = [&](size_t at) { return std::isalpha(static_cast<unsigned char>(name[at])) != 0; };
    const auto is_upper = [&](size_t at) { return std::isupper(static_cast<unsigned char>(name[at])) != 0; };
    if (!is_letter(i)) continue;
    const bool begins = i == 0 || !is_letter(i - 1) || (is_upper(i) && !is_upper(i - 1));
    if (begins) words.emplace_back();
    words.back() += name[i];
  }
  return words;
}

}  // namespace

std::string SplitOfWord(const std::string& word) {
  static const std::map<std::string, std::string> splits = {
      {"train", "train"}, {"training", "train"}, {"trainset", "train"}, {"restval", "train"},
      {"test", "test"},   {"testing", "test"},   {"testset", "test"},   {"val", "val"},
      {"valid", "val"},   {"validation", "val"}, {"dev", "val"},        {"eval", "val"}};
  const auto found = splits.find(LowerAscii(word));
  return found == splits.end() ? "" : found->second;
}

std::string SplitOfName(const std::string& name) {
  std::string said;
  for (const auto& word : WordsOfName(name)) {
    const auto split = SplitOfWord(word);
    if (split.empty() || split == said) continue;
    if (!said.empty()) return "";
    said = split;
  }
  return said;
}

std::string SplitOfFolders(const std::filesystem::path& path) {
  for (const auto& folder : path.parent_path())
    if (auto split = SplitOfName(folder.string()); !split.empty()) return split;
  return "";
}

}  // namespace helio::dataio
