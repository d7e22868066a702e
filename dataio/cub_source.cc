#include <set>
#include <sstream>

#include "dataio/pickle_list.h"
#include "dataio/source.h"
#include "dataio/text.h"
#include "src/base/error.h"
#include "src/base/file_system.h"
#include "src/base/log.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

struct CubImage {
  std::string key;  // "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18"
  int64_t class_id = -1;
  std::array<double, 4> box = {};
  bool official_train = false;
};

fs::path ArchiveOf(const fs::path& root) {
  for (const auto& folder : {root / "CUB_200_2011", root})
    if (fs::exists(folder / "images.txt")) return folder;
  ThrowUser("has no CUB_200_2011/images.txt", root.string(),
            "--root is the folder that holds CUB_200_2011 and text");
}

// Lines "<id> <rest>".
std::map<int64_t, std::string> ReadById(const fs::path& path) {
  std::map<int64_t, std::string> rows;
  for (const auto& line : ReadLines(path)) {
    std::istringstream fields(line);
    int64_t id = 0;
    std::string rest;
    if (!(fields >> id) || !std::getline(fields >> std::ws, rest))
      ThrowData("line '" + line.substr(0, 80) + "' is not '<id> <value>'", path.string());
    if (!rows.emplace(id, rest).second)
      ThrowData("id " + std::to_string(id) + " appears twice", path.string());
  }
  return rows;
}

const std::string& RowOf(const std::map<int64_t, std::string>& rows, int64_t id, const fs::path& path) {
  const auto found = rows.find(id);
  if (found == rows.end()) ThrowData("has no row for image " + std::to_string(id), path.string());
  return found->second;
}

std::map<std::string, CubImage> ReadMetadata(const fs::path& archive) {
  const auto names = ReadById(archive / "images.txt"), labels = ReadById(archive / "image_class_labels.txt");
  const auto boxes = ReadById(archive / "bounding_boxes.txt"),
             split = ReadById(archive / "train_test_split.txt");
  std::map<std::string, CubImage> images;
  for (const auto& [id, name] : names) {
    CubImage image;
    image.key = fs::path(name).replace_extension().string();
    image.class_id = std::stoll(RowOf(labels, id, archive / "image_class_labels.txt")) - 1;
    std::istringstream box(RowOf(boxes, id, archive / "bounding_boxes.txt"));
    for (double& value : image.box)
      if (!(box >> value))
        ThrowData("box of image " + std::to_string(id) + " is not four numbers",
                  (archive / "bounding_boxes.txt").string());
    image.official_train = RowOf(split, id, archive / "train_test_split.txt") == "1";
    images[image.key] = image;
  }
  return images;
}

// The keys of a split in order: AttnGAN's lists if they are there, else the official split.
std::vector<std::string> SplitKeys(const fs::path& root, const std::string& split,
                                   const std::map<std::string, CubImage>& images) {
  if (fs::exists(root / split / "filenames.txt")) return ReadLines(root / split / "filenames.txt");
  if (fs::exists(root / split / "filenames.pickle"))
    return ReadPickledStrings(root / split / "filenames.pickle");
  std::vector<std::string> keys;
  for (const auto& [key, image] : images)
    if (image.official_train == (split == "train")) keys.push_back(key);
  return keys;
}

std::vector<std::string> ReadCaptions(const fs::path& path, int limit) {
  std::vector<std::string> captions;
  for (auto& line : ReadLines(path)) {
    if (limit > 0 && static_cast<int>(captions.size()) == limit) break;
    if (!Tokenize(line).empty()) captions.push_back(std::move(line));
  }
  return captions;
}

SourceSplit ReadSplit(const std::string& name, const SourceOptions& options, const fs::path& archive,
                      const std::map<std::string, CubImage>& images, Complaints& complaints) {
  SourceSplit split{name, {}};
  std::set<std::string> seen;
  for (const auto& key : SplitKeys(options.root, name, images)) {
    const auto found = images.find(key);
    if (found == images.end())
      ThrowData("names '" + key + "', which images.txt does not know", (options.root / name).string());
    if (!seen.insert(key).second) ThrowData("names '" + key + "' twice", (options.root / name).string());
    const fs::path image = archive / "images" / (key + ".jpg"), text = options.root / "text" / (key + ".txt");
    if (!fs::exists(image)) {
      complaints.Add(image.string() + " is missing");
      continue;
    }
    if (!fs::exists(text)) {
      complaints.Add(text.string() + " is missing");
      continue;
    }
    SourceRecord record{key, image, ReadCaptions(text, options.captions_per_image), found->second.class_id,
                        found->second.box};
    if (record.captions.empty()) {
      complaints.Add(text.string() + " has no caption");
      continue;
    }
    split.records.push_back(std::move(record));
  }
  return split;
}

}  // namespace

std::vector<SourceSplit> ReadCub(const SourceOptions& options) {
  const auto archive = ArchiveOf(options.root);
  const auto images = ReadMetadata(archive);
  Complaints complaints(options.skip_missing);
  std::vector<SourceSplit> splits;
  for (const char* name : {"train", "test"})
    splits.push_back(ReadSplit(name, options, archive, images, complaints));
  complaints.Settle(options.root.string());
  return splits;
}

}  // namespace helio::dataio
