#include <algorithm>
#include <map>
#include <set>

#include "dataio/layouts/layout.h"
#include "dataio/split_rule.h"
#include "dataio/unicode_words.h"
#include "src/base/text_list.h"

// A text file for each picture: "a/1.jpg" with "a/1.txt" beside it, or with "text/1.txt" of a folder beside
// "a" that holds texts alone, or with "text/some class/1.txt" there.
namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

class TextFinder {
 public:
  explicit TextFinder(const FileTree& tree) {
    std::set<std::string> with_pictures;
    std::vector<fs::path> apart;
    for (const auto& picture : tree.pictures) {
      AddFolders(picture, with_pictures);
      stems_.insert(WithoutPictureSuffix(picture));
    }
    for (const auto& text : tree.texts) {
      const auto suffix = SuffixOf(text);
      const auto name = fs::path(text).replace_extension().string() + suffix;
      texts_.emplace(name, text);
      if (const auto composed = ComposedName(name); !composed.empty()) composed_.emplace(composed, text);
      for (auto folder = text.parent_path(); !folder.empty(); folder = folder.parent_path())
        if (!with_pictures.contains(folder.string()))
          sisters_[folder.parent_path().string()].insert(folder.filename());
      if (text.has_parent_path() && !with_pictures.contains(text.parent_path().string()))
        apart.push_back(text);
    }
    const auto has_none = [&](const fs::path& picture) { return Of(picture).empty(); };
    if (!HasCubLists(tree) && std::ranges::all_of(tree.pictures, has_none)) MatchNames(tree, apart);
  }

  // The text of a picture, relative to the root; empty: it has none.
  fs::path Of(const fs::path& picture) const {
    const fs::path stem = WithoutPictureSuffix(picture);
    if (const auto beside = Beside(picture); !beside.empty()) return beside;
    if (const auto apart = InSisters(stem); !apart.empty()) return apart[0];
    const auto named = by_name_.find(NameOf(picture));
    return named == by_name_.end() ? fs::path() : named->second;
  }

  // All texts that a picture has, if it has none beside it.
  std::vector<fs::path> Apart(const fs::path& picture) const {
    const fs::path stem = WithoutPictureSuffix(picture);
    return Beside(picture).empty() ? InSisters(stem) : std::vector<fs::path>();
  }

 private:
  // Where no picture has a text by its path: texts may lie in folders of classes and pictures in one
  // (Oxford's flowers: jpg/image_00001.jpg, text_c10/class_00077/image_00001.txt). Names that come once, on
  // both sides, and only if they are most.
  void MatchNames(const FileTree& tree, const std::vector<fs::path>& apart) {
    std::map<std::string, std::vector<fs::path>> texts;
    std::map<std::string, int64_t> pictures;
    for (const auto& text : apart) texts[text.stem().string()].push_back(text);
    for (const auto& picture : tree.pictures) ++pictures[NameOf(picture)];
    for (const auto& [name, files] : texts)
      if (const auto of = pictures.find(name); files.size() == 1 && of != pictures.end() && of->second == 1)
        by_name_[name] = files[0];
    if (2 * by_name_.size() < tree.pictures.size()) by_name_.clear();
  }

  static std::string NameOf(const fs::path& picture) {
    return fs::path(WithoutPictureSuffix(picture)).filename().string();
  }

  std::vector<fs::path> InSisters(const fs::path& stem) const {
    std::vector<fs::path> texts;
    fs::path above, below = stem;
    while (std::distance(below.begin(), below.end()) > 1) {
      const auto rest = below.lexically_relative(*below.begin());
      if (const auto folders = sisters_.find(above.string()); folders != sisters_.end())
        for (const auto& sister : folders->second)
          if (const auto text = Named(above / sister / rest); !text.empty()) texts.push_back(text);
      above /= *below.begin();
      below = rest;
    }
    return texts;
  }

  static void AddFolders(const fs::path& file, std::set<std::string>& folders) {
    for (auto folder = file.parent_path(); !folder.empty(); folder = folder.parent_path())
      folders.insert(folder.string());
  }
  // "1.txt", or "1.jpg.txt".
  fs::path Beside(const fs::path& picture) const {
    const auto named = Named(WithoutPictureSuffix(picture));
    return named.empty() ? Named(picture) : named;
  }
  fs::path Named(const fs::path& stem) const {
    for (const char* suffix : {".txt", ".caption"})
      if (const auto found = texts_.find(stem.string() + suffix); found != texts_.end()) return found->second;
    for (const char* suffix : {".txt", ".caption"})
      if (const auto found = composed_.find(ComposedName(stem.string() + suffix));
          found != composed_.end() && !stems_.contains(fs::path(found->second).replace_extension().string()))
        return found->second;
    return {};
  }

  std::map<std::string, fs::path> texts_;     // by name with the suffix in lower case
  std::map<std::string, fs::path> composed_;  // the same by the name's ComposedName
  std::set<std::string> stems_;               // of pictures
  // Folder -> those in it that hold texts and no pictures.
  std::map<std::string, std::set<fs::path>> sisters_;
  std::map<std::string, fs::path> by_name_;
};

std::string SeeTexts(const FileTree& tree) {
  const TextFinder finder(tree);
  int64_t beside = 0, apart = 0;
  for (const auto& picture : tree.pictures) {
    const auto text = finder.Of(picture);
    if (!text.empty()) ++(text.parent_path() == picture.parent_path() ? beside : apart);
  }
  if (beside + apart == 0) return "";
  std::string seen = std::to_string(tree.pictures.size()) + " pictures";
  if (beside > 0) seen += ", " + std::to_string(beside) + " with a text beside them";
  if (apart > 0) seen += ", " + std::to_string(apart) + " with a text in a sister folder";
  return seen;
}

// YOLO's labels lie in a folder of their own, too: nobody knows which one holds the captions.
void CheckSisters(const TextFinder& finder, const FileTree& tree) {
  for (const auto& picture : tree.pictures)
    if (const auto texts = finder.Apart(picture); texts.size() > 1)
      ThrowUser("holds several texts of " + picture.string() + ": " + Join(texts), tree.root.string(),
                "leave the folder of captions there, and move the others away");
}

// Texts that belong to no picture, and are no lists either.
std::vector<std::string> Unused(const FileTree& tree, const SplitRule& rule,
                                const std::set<std::string>& used) {
  std::vector<std::string> unused;
  for (const auto& text : tree.texts)
    if (!used.contains(text.string()) && !rule.IsList(text)) unused.push_back(text.string());
  return unused;
}

void ReadTexts(const FileTree& tree, SourceReading& reading) {
  const TextFinder finder(tree);
  CheckSisters(finder, tree);
  const PictureIndex index(tree);
  const SplitRule rule(tree, index, reading.complaints());
  reading.SplitsAreBy(rule.text());
  std::set<std::string> used;
  std::vector<std::string> unlisted;
  for (const auto& picture : tree.pictures)
    reading.complaints().Try([&] {
      const auto text = finder.Of(picture);
      used.insert(text.string());
      const auto captions = text.empty() ? fs::path(WithoutPictureSuffix(picture) + ".txt") : text;
      reading.AddPicture(picture, rule.Of(picture), captions, unlisted);
    });
  reading.AreRead(rule.Lists());
  reading.PassedOver("pictures that are in no list", unlisted);
  reading.PassedOver("text files that are no picture's captions", Unused(tree, rule, used));
}

}  // namespace

Layout PicturesWithTexts() { return {"pictures with texts", &SeeTexts, &ReadTexts, false}; }

}  // namespace helio::dataio
