#pragma once
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
  std::unordered_map<std::string, size_t> ends_;  // end of a path -> picture
  std::unordered_map<std::string, size_t> whole_;
};

}  // namespace helio::dataio
