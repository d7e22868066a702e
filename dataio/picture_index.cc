#include "dataio/picture_index.h"

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
    for (const auto& name : {path, WithoutPictureSuffix(path)}) {
      AddOnce(whole_, name, i);
      for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
        AddOnce(ends_, name.substr(slash + 1), i);
    }
  }
}

fs::path PictureIndex::Find(const std::string& written) const {
  const auto name = fs::path(written).lexically_normal().generic_string();
  for (const auto* map : {&whole_, &ends_}) {
    const auto found = map->find(name);
    if (found == map->end()) continue;
    if (found->second == kSeveral)
      ThrowData("'" + written + "' may be several pictures", tree_.root.string(), "name it with its folder");
    return tree_.pictures[found->second];
  }
  return {};
}

bool PictureIndex::Knows(const std::string& name) const {
  const auto normal = fs::path(name).lexically_normal().generic_string();
  return whole_.contains(normal) || ends_.contains(normal);
}

}  // namespace helio::dataio
