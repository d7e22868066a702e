#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <unordered_map>

#include "dataio/file_tree.h"

namespace helio::dataio {

// Finds the picture that a list means. Immutable.
class PictureIndex {
 public:
  explicit PictureIndex(const FileTree& tree);
  // The picture, relative to the root, whose path is `name` or ends in it, with or without its suffix; the
  // whole path goes before an end, the name as written before one without suffix. Empty: there is none.
  // Throws Error{kData} where several are meant.
  std::filesystem::path Find(const std::string& name) const;
  bool Knows(const std::string& name) const;

 private:
  const FileTree& tree_;
  // Name -> picture, in the order in which they are asked: whole paths, those without suffix, ends of paths,
  // those without suffix.
  std::array<std::unordered_map<std::string, size_t>, 4> maps_;
};

}  // namespace helio::dataio
