#include "dataio/split_names.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <vector>

#include "src/base/ascii.h"

namespace helio::dataio {
namespace {

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

// Whether all numbers in a name have four digits.
bool HasYearsAlone(const std::string& name) {
  constexpr const char* kDigits = "0123456789";
  for (size_t at = 0; (at = name.find_first_of(kDigits, at)) != std::string::npos;) {
    const auto end = std::min(name.find_first_not_of(kDigits, at), name.size());
    if (end - at != 4) return false;
    at = end;
  }
  return true;
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

bool NamesSplitAlone(const std::string& name) {
  static const std::set<std::string> plain = {
      "annotation", "annotations", "caption", "captions", "class",     "classes",  "csv",
      "data",       "dataset",     "file",    "filename", "filenames", "files",    "id",
      "ids",        "image",       "images",  "img",      "imgs",      "key",      "keys",
      "label",      "labels",      "list",    "lists",    "meta",      "metadata", "name",
      "names",      "photos",      "picture", "pictures", "set",       "split",    "splits"};
  const auto words = WordsOfName(name);
  return !SplitOfName(name).empty() && HasYearsAlone(name) &&
         std::ranges::all_of(words, [&](const std::string& word) {
           return !SplitOfWord(word).empty() || plain.contains(LowerAscii(word));
         });
}

std::string SplitOfFolders(const std::filesystem::path& path) {
  for (const auto& folder : path.parent_path())
    if (auto split = SplitOfName(folder.string()); !split.empty()) return split;
  return "";
}

}  // namespace helio::dataio
