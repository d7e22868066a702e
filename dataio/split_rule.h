#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dataio/complaints.h"
#include "dataio/picture_index.h"
#include "dataio/source.h"

namespace helio::dataio {

// The split of what is in none of the splits that are named: beside a single one the other. Nothing: it is
// left out.
std::optional<std::string> SplitOfTheRest(const std::set<std::string>& named);

// What decides the split of a picture in a folder: lists of names (train.txt, test.txt, train/filenames.txt
// or .pickle, anywhere in the two upper levels), or folders of which one says train and another test or val,
// or tables and JSON (split.csv, train.json; dataio/split_tables.h), or nothing. Immutable.
class SplitRule {
 public:
  // Throws Error{kData} if a list cannot be read, names a picture that is not there or one that another list
  // names too: what is wrong with single names goes to `complaints`. `captions`: files that are read as lists
  // of captions, "train.txt" among them; they are no lists of splits.
  SplitRule(const FileTree& tree, const PictureIndex& index, Complaints& complaints,
            const std::vector<std::filesystem::path>& captions = {});

  // "train", "test", "val"; empty: left open; nothing: there are lists, and the picture is in none. Throws
  // Error{kData} where the rule is folders and the picture lies in none of them.
  std::optional<std::string> Of(const std::filesystem::path& picture) const;
  std::string text() const { return text_; }         // for the log
  std::vector<std::filesystem::path> Lists() const;  // its files, relative to the root
  bool IsList(const std::filesystem::path& file) const { return lists_.contains(file); }

 private:
  void ReadLists(const FileTree& tree, const PictureIndex& index, Complaints& complaints,
                 const std::vector<std::filesystem::path>& captions);
  void ReadList(const std::filesystem::path& file, const std::string& split, const PictureIndex& index,
                Complaints& complaints);
  void AddListed(const std::string& name, const std::string& split, const PictureIndex& index,
                 const std::string& where);
  bool IsListed(const std::string& name, const std::string& split, const PictureIndex& index) const;
  void ReadFolders(const FileTree& tree, const PictureIndex& index, Complaints& complaints);
  void ReadTables(const FileTree& tree, const PictureIndex& index, Complaints& complaints);
  void FillUp();

  std::map<std::string, std::string> of_;  // picture -> split, of lists
  // List or table -> the splits that it gives pictures.
  std::map<std::filesystem::path, std::set<std::string>> lists_;
  std::optional<std::string> rest_;  // split of what no list names; nothing: it is left out
  bool folders_ = false;
  const std::filesystem::path root_;
  std::string text_;
};

}  // namespace helio::dataio
