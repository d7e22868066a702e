#pragma once
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dataio/file_tree.h"

namespace helio::dataio {

// Finds the picture that a list means. Immutable.
class PictureIndex {
 public:
  explicit PictureIndex(const FileTree& tree);
  // The picture, relative to the root, whose path is `name` or ends in it, with or without its suffix; the
  // whole path goes before an end, the name as written before one without suffix. Where nothing has the name
  // as it is written, it may be an absolute path below the root or begin with a slash, be written with
  // backslashes, in another of Unicode's normal forms (a Mac's zip) or with %20 for a blank. Empty: there is
  // none. Throws Error{kData} where several are meant.
  std::filesystem::path Find(const std::string& name) const;
  // The same of a whole path with its suffix.
  std::filesystem::path FindPath(const std::string& name) const;
  size_t size() const { return tree_.pictures.size(); }
  bool Knows(const std::string& name) const { return Place(name, kAllMaps).has_value(); }

 private:
  // Name -> picture, in the order in which they are asked: whole paths, those without suffix, ends of paths,
  // those without suffix.
  static constexpr size_t kWholePaths = 1, kAllMaps = 4;
  using Maps = std::array<std::unordered_map<std::string, size_t>, kAllMaps>;
  static void AddPicture(Maps& maps, const std::string& path, size_t picture);
  // Where a name that is written so may be found, after the name itself.
  std::vector<std::string> OtherSpellings(const std::string& written) const;
  // By so many of the maps; kSeveral of the .cc: it may be several.
  std::optional<size_t> Place(const std::string& written, size_t maps) const;
  std::optional<size_t> PlaceOf(const std::string& spelling, size_t maps) const;
  std::filesystem::path PictureAt(std::optional<size_t> place, const std::string& written) const;

  const FileTree& tree_;
  std::vector<std::filesystem::path> roots_;  // absolute: as written, and without links
  Maps maps_;
  Maps composed_;  // of the pictures' ComposedName
};

// Finds what a list in `folder` means: the path from there, or pictures below it, as other folders count
// theirs from 0, too. Immutable.
class FolderIndex {
 public:
  // `all`: of `tree`; must outlive it. `folder`: relative to the root.
  FolderIndex(const PictureIndex& all, const FileTree& tree, std::filesystem::path folder);
  FolderIndex(const FolderIndex&) = delete;
  FolderIndex& operator=(const FolderIndex&) = delete;
  // As PictureIndex::Find.
  std::filesystem::path Find(const std::string& name) const;

 private:
  const PictureIndex& all_;
  const std::filesystem::path folder_;
  const FileTree tree_;  // of the pictures below the folder alone, if it is not the root
  const PictureIndex below_;
};

}  // namespace helio::dataio
