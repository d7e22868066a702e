#include <algorithm>
#include <memory>
#include <set>

#include "dataio/layouts/layout.h"
#include "dataio/layouts/row_gatherer.h"
#include "dataio/layouts/table.h"
#include "dataio/split_names.h"
#include "dataio/split_tables.h"
#include "src/base/text_list.h"

// Lists of pictures and captions in the two upper levels: Flickr's captions.txt, results.csv,
// Flickr8k.token.txt, train.csv and test.csv, captions.json. The pictures lie anywhere below the root.
namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

bool MayBeTable(const fs::path& file) {
  static const std::set<std::string> suffixes = {".csv", ".tsv", ".txt", ".token", ".jsonl", ".json"};
  return IsInUpperLevels(file) && suffixes.contains(SuffixOf(file));
}

// Flickr8k.lemma.token.txt holds the captions of Flickr8k.token.txt again, in words' basic forms.
void LeaveLemmas(std::vector<fs::path>& files) {
  const std::set<fs::path> all(files.begin(), files.end());
  std::erase_if(files, [&](const fs::path& file) {
    auto name = file.filename().string();
    const auto at = name.find(".lemma");
    return at != std::string::npos && all.contains(file.parent_path() / name.erase(at, 6));
  });
}

// A text for each picture costs a look at its beginning: where there are many, they are no lists.
std::vector<fs::path> TableFiles(const FileTree& tree) {
  constexpr size_t kMany = 200;
  std::vector<fs::path> files;
  for (const auto* some : {&tree.others, &tree.texts})
    for (const auto& file : *some)
      if (MayBeTable(file) &&
          (some == &tree.others || tree.texts.size() < kMany || !file.has_parent_path()) &&
          LooksLikeTable(tree.root / file) && !GivesSplits(tree.root / file))
        files.push_back(file);
  LeaveLemmas(files);
  return files;
}

std::string SeeTables(const FileTree& tree) {
  if (tree.pictures.empty()) return "";
  return Join(TableFiles(tree));
}

// By its name, "train.csv", or its folder, "train/captions.txt"; empty: it does not say.
std::string SplitOfTable(const fs::path& file) {
  const auto split = SplitOfName(file.stem().string());
  return split.empty() ? SplitOfFolders(file) : split;
}

// Several lists are lists of splits, or nobody knows which one is meant.
void CheckTables(const std::vector<fs::path>& files, const FileTree& tree) {
  std::set<std::string> splits;
  for (const auto& file : files) splits.insert(SplitOfTable(file));
  if (files.size() > 1 && (splits.contains("") || splits.size() < files.size()))
    ThrowUser("holds several lists of captions: " + SeeTables(tree), tree.root.string(),
              "leave one there, or one for each of train, val, test");
}

// Whether it lies in a split's folder, with that split's pictures.
bool IsAmongPictures(const fs::path& file, const FileTree& tree) {
  if (SplitOfFolders(file).empty()) return false;
  const auto folder = *file.begin();
  return std::ranges::any_of(tree.pictures, [&](const auto& picture) { return *picture.begin() == folder; });
}

void ReadTables(const FileTree& tree, SourceReading& reading) {
  const auto files = TableFiles(tree);
  CheckTables(files, tree);
  const PictureIndex index(tree);
  const SplitRule rule(tree, index, reading.complaints(), files);
  RowGatherer gatherer(tree, reading, rule);
  for (const auto& file : files) {
    const auto split = files.size() > 1 ? SplitOfTable(file) : "";
    const auto below = IsAmongPictures(file, tree)
                           ? std::make_unique<FolderIndex>(index, tree, file.parent_path())
                           : nullptr;
    const auto find = [&](const std::string& name) { return below ? below->Find(name) : index.Find(name); };
    for (const auto& row : ReadTable(tree.root / file, reading.complaints()))
      reading.complaints().Try([&] { gatherer.Add(row, PictureOf(row, find), split); });
  }
  gatherer.Finish();
  reading.AreRead(files);
}

}  // namespace

Layout CaptionTables() { return {"list of pictures and captions", &SeeTables, &ReadTables}; }

}  // namespace helio::dataio
