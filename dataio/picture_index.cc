#include "dataio/picture_index.h"

#include <algorithm>

#include "src/base/error.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

constexpr size_t kSeveral = SIZE_MAX;

void AddOnce(std::unordered_map<std::string, size_t>& map, const std::string& name, size_t picture) {
  const auto [entry, added] = map.emplace(name, picture);
  if (!added && entry->second != picture) entry->second = kSeveral;
}

}  // namespace

PictureIndex::PictureIndex(const FileTree& tree) : tree_(tree) {
  for (size_t i = 0; i < tree.pictures.size(); ++i) {
    const auto path = tree.pictures[i].generic_string();
    for (const size_t bare : {0, 1}) {
      const auto name = bare ? WithoutPictureSuffix(path) : path;
      AddOnce(maps_[bare], name, i);
      for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
        AddOnce(maps_[2 + bare], name.substr(slash + 1), i);
    }
  }
}

fs::path PictureIndex::Find(const std::string& written) const {
  const auto name = fs::path(written).lexically_normal().generic_string();
  for (const auto& map : maps_) {
    const auto found = map.find(name);
    if (found == map.end()) continue;
    if (found->second == kSeveral)
      ThrowData("'" + written + "' may be several pictures", tree_.root.string(), "name it with its folder");
    return tree_.pictures[found->second];
  }
  return {};
}

bool PictureIndex::Knows(const std::string& name) const {
  const auto normal = fs::path(name).lexically_normal().generic_string();
  return std::ranges::any_of(maps_, [&](const auto& map) { return map.contains(normal); });
}

}  // namespace helio::dataio
