#include "dataio/split_rule.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "dataio/layouts/table.h"
#include "dataio/pickle_list.h"
#include "dataio/source.h"
#include "dataio/split_names.h"
#include "dataio/split_tables.h"
#include "dataio/text_file.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

// The split whose list `file` would be by its name; empty: none.
std::string SplitOfList(const fs::path& file) {
  if (!IsInUpperLevels(file) || IsPartitionOfCelebA(file)) return "";
  const auto stem = file.stem().string();
  if (stem == "filenames") return SplitOfFolders(file);
  return SuffixOf(file) == ".txt" || SuffixOf(file) == ".lst" ? SplitOfName(stem) : "";
}

// Of a list of captions the pictures, each once.
std::vector<std::string> NamesIn(const fs::path& file, Complaints& complaints) {
  if (SuffixOf(file) == ".pickle") return ReadPickledStrings(file);
  if (!LooksLikeTable(file)) return ReadLines(file);
  std::vector<std::string> names;
  std::set<std::string> known;
  for (const auto& row : ReadTable(file, complaints))
    if (known.insert(row.picture).second) names.push_back(row.picture);
  return names;
}

// A caption file of a picture "train.jpg" is no list: at least half of a list's lines name pictures.
bool NamesPictures(const std::vector<std::string>& names, const PictureIndex& index) {
  const auto known = std::ranges::count_if(names, [&](const auto& name) { return index.Knows(name); });
  return known > 0 && 2 * known >= std::ssize(names);
}

// Whether most lines are, or begin with, what a picture's file may be called.
bool LooksLikeNames(const std::vector<std::string>& lines) {
  const auto named = std::ranges::count_if(lines, [](const auto& line) {
    return IsPictureName(line) || IsPictureName(line.substr(0, line.find_first_of(" \t,")));
  });
  return named > 0 && 2 * named >= std::ssize(lines);
}

}  // namespace

std::optional<std::string> SplitOfTheRest(const std::set<std::string>& named) {
  if (!named.contains("train")) return "train";
  if (named.size() == 1) return "test";
  return std::nullopt;
}

SplitRule::SplitRule(const FileTree& tree, const PictureIndex& index, Complaints& complaints,
                     const std::vector<fs::path>& captions)
    : root_(tree.root) {
  ReadLists(tree, index, complaints, captions);
  if (lists_.empty())
    ReadFolders(tree, index, complaints);
  else
    FillUp();
}

void SplitRule::ReadLists(const FileTree& tree, const PictureIndex& index, Complaints& complaints,
                          const std::vector<fs::path>& captions) {
  for (const auto* files : {&tree.texts, &tree.others})
    for (const auto& file : *files)
      if (const auto split = SplitOfList(file);
          !split.empty() && std::ranges::find(captions, file) == captions.end())
        ReadList(file, split, index, complaints);
}

// `file`, if what it holds is a list as its name says.
void SplitRule::ReadList(const fs::path& file, const std::string& split, const PictureIndex& index,
                         Complaints& complaints) {
  const auto where = (root_ / file).string();
  const auto names = NamesIn(root_ / file, complaints);
  if (!NamesPictures(names, index)) {
    if (LooksLikeNames(names))
      complaints.Add(where + ": looks like the list of the split '" + split +
                     "', but most of its lines name no picture here (a line is a path below the root, "
                     "and nothing else): " +
                     names[0]);
    return;
  }
  lists_[file] = {split};
  AddToList(text_, split + " by " + file.string());
  for (const auto& name : names) complaints.Try([&] { AddListed(name, split, index, where); });
}

void SplitRule::AddListed(const std::string& name, const std::string& split, const PictureIndex& index,
                          const std::string& where) {
  const auto picture = index.Find(name).string();
  if (picture.empty()) ThrowData("names '" + name + "', of which there is no picture", where);
  const auto [entry, is_new] = of_.emplace(picture, split);
  if (is_new) return;
  ThrowData(entry->second == split ? "names '" + name + "' twice"
                                   : "'" + name + "' is in " + entry->second + " and in " + split,
            where);
}

// Tables may say it twice: train.csv and train_labels.csv.
bool SplitRule::IsListed(const std::string& name, const std::string& split, const PictureIndex& index) const {
  const auto found = of_.find(index.Find(name).string());
  return found != of_.end() && found->second == split;
}

void SplitRule::FillUp() {
  std::set<std::string> named;
  for (const auto& [file, splits] : lists_) named.insert(splits.begin(), splits.end());
  rest_ = SplitOfTheRest(named);
  if (rest_) text_ += ", " + *rest_ + ": the rest";
}

// Folders decide where one says train and another test or val, or all pictures lie in them: a class may be
// called "train", too.
void SplitRule::ReadFolders(const FileTree& tree, const PictureIndex& index, Complaints& complaints) {
  std::map<std::string, int64_t> counts;
  for (const auto& picture : tree.pictures) ++counts[SplitOfFolders(picture)];
  folders_ = counts.contains("train") && (counts.contains("test") || counts.contains("val"));
  if (folders_)
    text_ = "by folders";
  else
    ReadTables(tree, index, complaints);
}

// Tables and JSON go last: labels of train.csv are no list where folders make the splits. One split of all
// pictures says nothing.
void SplitRule::ReadTables(const FileTree& tree, const PictureIndex& index, Complaints& complaints) {
  std::set<std::string> splits;
  auto files = tree.others;
  std::ranges::copy_if(tree.texts, std::back_inserter(files), &IsPartitionOfCelebA);
  for (const auto& file : files)
    complaints.Try([&] {
      const auto where = (root_ / file).string();
      for (const auto& [picture, split] : ReadSplitTable(root_, file, index)) {
        splits.insert(split);
        if (lists_[file].insert(split).second) AddToList(text_, split + " by " + file.string());
        complaints.Try([&, &picture = picture, &split = split] {
          if (!IsListed(picture, split, index)) AddListed(picture, split, index, where);
        });
      }
    });
  if (splits.size() == 1 && of_.size() == tree.pictures.size()) {
    lists_.clear();
    text_.clear();
  }
  if (!lists_.empty()) FillUp();
}

std::vector<fs::path> SplitRule::Lists() const {
  std::vector<fs::path> files;
  for (const auto& [file, splits] : lists_) files.push_back(file);
  return files;
}

std::optional<std::string> SplitRule::Of(const fs::path& picture) const {
  if (!lists_.empty()) {
    const auto found = of_.find(picture.string());
    return found == of_.end() ? rest_ : found->second;
  }
  if (!folders_) return "";
  const auto split = SplitOfFolders(picture);
  if (split.empty())
    ThrowData("lies beside the folders that make the splits", (root_ / picture).string(),
              "move it into one of them");
  return split;
}

}  // namespace helio::dataio
