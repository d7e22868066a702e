#include <cmath>
#include <sstream>

#include "dataio/file_tree.h"
#include "dataio/pickle_list.h"
#include "dataio/source_reading.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/numbers.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

struct CubImage {
  std::string key;  // "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18"
  int64_t class_id = -1;
  std::array<double, 4> box = {};
  std::vector<KeyPoint> parts;
  bool official_train = false;
};

fs::path ArchiveOf(const fs::path& root) {
  for (const auto& folder : {root / "CUB_200_2011", root})
    if (Exists(folder / "images.txt")) return folder;
  ThrowUser("has no CUB_200_2011/images.txt", root.string(),
            "--root is the folder that holds CUB_200_2011 and text; sets of your own: --source=folder, "
            "docs/layouts.md");
}

// Lines "<id> <rest>".
std::map<int64_t, std::string> ReadById(const fs::path& path) {
  std::map<int64_t, std::string> rows;
  for (const auto& line : ReadLines(path)) {
    const auto blank = line.find(' ');
    const auto id = ParseNumber<int64_t>(line.substr(0, blank));
    if (!id || blank == std::string::npos)
      ThrowData("line '" + line.substr(0, 80) + "' is not '<id> <value>'", path.string());
    if (!rows.emplace(*id, line.substr(line.find_first_not_of(' ', blank))).second)
      ThrowData("id " + std::to_string(*id) + " appears twice", path.string());
  }
  return rows;
}

const std::string& RowOf(const std::map<int64_t, std::string>& rows, int64_t id, const fs::path& path) {
  const auto found = rows.find(id);
  if (found == rows.end()) ThrowData("has no row for image " + std::to_string(id), path.string());
  return found->second;
}

// Four numbers, the last two an area.
std::array<double, 4> ParseBox(const std::string& text, const std::string& where) {
  std::istringstream fields(text);
  std::array<double, 4> box = {};
  std::string field, more;
  for (double& value : box) {
    const auto number = fields >> field ? ParseNumber<double>(field) : std::nullopt;
    if (!number || !std::isfinite(*number)) ThrowData("box '" + text + "' is not four numbers", where);
    value = *number;
  }
  if (fields >> more) ThrowData("box '" + text + "' is not four numbers", where);
  if (box[2] <= 0 || box[3] <= 0) ThrowData("box '" + text + "' has no area", where);
  return box;
}

// The 15 key points of every picture; none where the archive came without its folder "parts".
struct CubParts {
  explicit CubParts(const fs::path& folder);
  std::vector<std::string> names;
  std::map<int64_t, std::vector<KeyPoint>> points;  // by image id
};

CubParts::CubParts(const fs::path& folder) {
  if (!Exists(folder / "parts.txt") || !Exists(folder / "part_locs.txt")) return;
  for (const auto& [id, name] : ReadById(folder / "parts.txt")) names.push_back(name);
  const std::string where = (folder / "part_locs.txt").string();
  for (const auto& line : ReadLines(where)) {
    std::istringstream fields(line);
    int64_t image = 0;
    size_t part = 0;
    KeyPoint point;
    if (!(fields >> image >> part >> point.x >> point.y >> point.visible) || part < 1 || part > names.size())
      ThrowData("line '" + line.substr(0, 80) + "' is not '<image> <part> <x> <y> <visible>'", where);
    auto& all = points[image];
    all.resize(names.size());
    all[part - 1] = point;
  }
}

// The lists of the archive, each by image or class id.
struct CubLists {
  explicit CubLists(const fs::path& archive)
      : labels_path(archive / "image_class_labels.txt"),
        boxes_path(archive / "bounding_boxes.txt"),
        split_path(archive / "train_test_split.txt"),
        names(ReadById(archive / "images.txt")),
        labels(ReadById(labels_path)),
        boxes(ReadById(boxes_path)),
        split(ReadById(split_path)),
        classes(ReadById(archive / "classes.txt")),
        parts(archive / "parts") {}
  CubImage Find(int64_t id, const std::string& name) const;

  const fs::path labels_path, boxes_path, split_path;
  const std::map<int64_t, std::string> names, labels, boxes, split, classes;
  const CubParts parts;
};

CubImage CubLists::Find(int64_t id, const std::string& name) const {
  const std::string of = " of image " + std::to_string(id);
  CubImage image;
  image.key = WithoutPictureSuffix(name);
  const auto& label = RowOf(labels, id, labels_path);
  const auto class_id = ParseNumber<int64_t>(label);
  if (!class_id || !classes.contains(*class_id))
    ThrowData("class '" + label + "'" + of + " is not in classes.txt", labels_path.string());
  image.class_id = CheckedClass(*class_id - 1, labels_path.string() + of);
  image.box = ParseBox(RowOf(boxes, id, boxes_path), boxes_path.string() + of);
  const auto& part = RowOf(split, id, split_path);
  if (part != "0" && part != "1")
    ThrowData("'" + part + "'" + of + " is neither 0 nor 1", split_path.string());
  image.official_train = part == "1";
  const auto points = parts.points.find(id);
  image.parts = points != parts.points.end() ? points->second : std::vector<KeyPoint>(parts.names.size());
  return image;
}

using CubImages = std::map<std::string, CubImage>;  // by key

CubImages ReadMetadata(const CubLists& lists, const fs::path& archive) {
  CubImages images;
  for (const auto& [id, name] : lists.names) {
    auto image = lists.Find(id, name);
    const std::string key = image.key;
    if (!images.emplace(key, std::move(image)).second)
      ThrowData("has '" + key + "' twice", (archive / "images.txt").string());
  }
  return images;
}

// The list that decides a split: AttnGAN's if it is there, else empty: the official split does.
fs::path ListOf(const fs::path& root, const std::string& split) {
  for (const char* name : {"filenames.txt", "filenames.pickle"})
    if (const auto list = fs::path(split) / name; Exists(root / list)) return list;
  return {};
}

// The keys of a split in order.
std::vector<std::string> SplitKeys(const fs::path& root, const fs::path& list, const std::string& split,
                                   const CubImages& images) {
  if (!list.empty())
    return list.extension() == ".txt" ? ReadLines(root / list) : ReadPickledStrings(root / list);
  std::vector<std::string> keys;
  for (const auto& [key, image] : images)
    if (image.official_train == (split == "train")) keys.push_back(key);
  return keys;
}

// The record of a key. Throws Error where it cannot be used.
SourceRecord ReadCubRecord(const std::string& written, const std::string& list, SourceReading& reading,
                           const fs::path& archive, const CubImages& images) {
  const auto key = WithoutPictureSuffix(written);
  const auto found = images.find(key);
  if (found == images.end()) ThrowData("names '" + written + "', which images.txt does not know", list);
  SourceRecord record{key,
                      archive / "images" / (key + ".jpg"),
                      {},
                      found->second.class_id,
                      found->second.box,
                      found->second.parts};
  if (!Exists(record.image)) ThrowData("is missing", record.image.string());
  reading.AddCaptionFile(record, reading.options().root / "text" / (key + ".txt"));
  return record;
}

// What made the split, in words.
std::string ReadCubSplit(const std::string& name, const fs::path& archive, const CubImages& images,
                         SourceReading& reading) {
  const auto& root = reading.options().root;
  const auto list = ListOf(root, name);
  for (const auto& key : SplitKeys(root, list, name, images))
    reading.complaints().Try([&] {
      reading.Add(ReadCubRecord(key, (root / (list.empty() ? fs::path(name) : list)).string(), reading,
                                archive, images),
                  name);
    });
  return name + " by " + (list.empty() ? "train_test_split.txt" : list.string());
}

}  // namespace

std::vector<SourceSplit> ReadCub(const SourceOptions& options) {
  const auto archive = ArchiveOf(options.root);
  const CubLists lists(archive);
  const auto images = ReadMetadata(lists, archive);
  SourceReading reading(options);
  const auto train = ReadCubSplit("train", archive, images, reading);
  reading.SplitsAreBy(train + ", " + ReadCubSplit("test", archive, images, reading));
  auto splits = reading.Take();
  for (auto& split : splits) split.part_names = lists.parts.names;
  return splits;
}

}  // namespace helio::dataio
