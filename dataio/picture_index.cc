#include "dataio/picture_index.h"

#include <algorithm>
#include <charconv>

#include "dataio/unicode_words.h"
#include "src/base/error.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

constexpr size_t kSeveral = SIZE_MAX;

void AddOnce(std::unordered_map<std::string, size_t>& map, const std::string& name, size_t picture) {
  const auto [entry, added] = map.emplace(name, picture);
  if (!added && entry->second != picture) entry->second = kSeveral;
}

// "my%20bird.jpg" is "my bird.jpg".
std::string PercentDecoded(const std::string& text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const bool long_enough = text[i] == '%' && i + 2 < text.size();
    const auto* end = long_enough ? text.data() + i + 3 : text.data();
    if (long_enough && std::from_chars(end - 2, end, byte, 16).ptr == end) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace

PictureIndex::PictureIndex(const FileTree& tree) : tree_(tree) {
  std::error_code failed;
  roots_.push_back(fs::absolute(tree.root, failed).lexically_normal());
  roots_.push_back(fs::weakly_canonical(tree.root, failed));
  for (size_t i = 0; i < tree.pictures.size(); ++i) {
    const auto path = tree.pictures[i].generic_string();
    AddPicture(maps_, path, i);
    if (const auto composed = ComposedName(path); !composed.empty()) AddPicture(composed_, composed, i);
  }
}

void PictureIndex::AddPicture(Maps& maps, const std::string& path, size_t picture) {
  for (const size_t bare : {0, 1}) {
    const auto name = bare ? WithoutPictureSuffix(path) : path;
    AddOnce(maps[bare], name, picture);
    for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
      AddOnce(maps[2 + bare], name.substr(slash + 1), picture);
  }
}

std::vector<std::string> PictureIndex::OtherSpellings(const std::string& written) const {
  std::vector<std::string> spellings;
  for (const auto& root : roots_) {
    const auto below = fs::path(written).is_absolute()
                           ? fs::path(written).lexically_normal().lexically_relative(root)
                           : fs::path();
    if (!below.empty() && *below.begin() != "..") spellings.push_back(below.string());
  }
  auto slashes = written;
  std::ranges::replace(slashes, '\\', '/');
  spellings.push_back(slashes);
  spellings.push_back(slashes.substr(std::min(slashes.find_first_not_of('/'), slashes.size())));
  for (size_t i = 0, known = spellings.size(); i < known; ++i) {
    if (auto decoded = PercentDecoded(spellings[i]); decoded != spellings[i])
      spellings.push_back(std::move(decoded));
  }
  return spellings;
}

std::optional<size_t> PictureIndex::PlaceOf(const std::string& spelling, size_t maps) const {
  const auto look = [&](const Maps& in, const std::string& name) -> std::optional<size_t> {
    for (size_t i = 0; i < maps; ++i)
      if (const auto found = in[i].find(name); found != in[i].end()) return found->second;
    return std::nullopt;
  };
  const auto name = fs::path(spelling).lexically_normal().generic_string();
  if (const auto place = look(maps_, name)) return place;
  const auto composed = ComposedName(name);
  return composed.empty() ? std::nullopt : look(composed_, composed);
}

std::optional<size_t> PictureIndex::Place(const std::string& written, size_t maps) const {
  if (const auto place = PlaceOf(written, maps)) return place;
  for (const auto& spelling : OtherSpellings(written))
    if (const auto place = PlaceOf(spelling, maps)) return place;
  return std::nullopt;
}

fs::path PictureIndex::PictureAt(std::optional<size_t> place, const std::string& written) const {
  if (!place) return {};
  if (*place == kSeveral)
    ThrowData("'" + written + "' may be several pictures", tree_.root.string(),
              "name it with its folder and suffix");
  return tree_.pictures[*place];
}

fs::path PictureIndex::Find(const std::string& name) const { return PictureAt(Place(name, kAllMaps), name); }

fs::path PictureIndex::FindPath(const std::string& name) const {
  return PictureAt(Place(name, kWholePaths), name);
}

namespace {

FileTree PicturesBelow(const FileTree& tree, const fs::path& folder) {
  FileTree below;
  below.root = tree.root;
  if (folder.empty()) return below;  // all are: the index of all of them does
  const auto is_below = [&](const fs::path& picture) {
    return std::mismatch(folder.begin(), folder.end(), picture.begin(), picture.end()).first == folder.end();
  };
  const auto begin = std::lower_bound(tree.pictures.begin(), tree.pictures.end(), folder);  // all are sorted
  below.pictures.assign(begin, std::find_if_not(begin, tree.pictures.end(), is_below));
  return below;
}

}  // namespace

FolderIndex::FolderIndex(const PictureIndex& all, const FileTree& tree, fs::path folder)
    : all_(all), folder_(std::move(folder)), tree_(PicturesBelow(tree, folder_)), below_(tree_) {}

fs::path FolderIndex::Find(const std::string& name) const {
  const auto beside = (folder_ / fs::path(name).relative_path()).lexically_normal().string();
  if (all_.Knows(beside)) return all_.Find(beside);
  return (folder_.empty() ? all_ : below_).Find(name);
}

}  // namespace helio::dataio
