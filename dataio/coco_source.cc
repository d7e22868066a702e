// COCO's annotation files.
#include <algorithm>
#include <set>
#include <tuple>

#include "dataio/file_tree.h"
#include "dataio/json_fields.h"
#include "dataio/source_reading.h"
#include "src/base/file_system.h"
#include "src/base/text_list.h"

namespace helio::dataio {
namespace fs = std::filesystem;
namespace {

using CocoImages = std::map<int64_t, SourceRecord>;

// The picture is where the annotation says, below the split's folder or (some tools write that) below the
// root; its id is the name as written, folders included.
void AddCocoImage(const Json& image, const fs::path& folder, const std::string& where, CocoImages& images) {
  const auto id = IntegerField(image, "id", where);
  const auto file = JsonField<std::string>(image, "file_name", where);
  SourceRecord record;
  const auto path = WithinRoot(folder, file, where);
  record.id = WithoutPictureSuffix(path);
  record.image = folder / path;
  if (const auto below_root = folder.parent_path() / path; !Exists(record.image) && Exists(below_root))
    record.image = below_root;
  if (!images.emplace(id, std::move(record)).second)
    ThrowData("image id " + std::to_string(id) + " appears twice", where);
}

void AddCocoCaption(const Json& annotation, const std::string& where, CocoImages& images,
                    SourceReading& reading) {
  const auto id = IntegerField(annotation, "image_id", where);
  const auto found = images.find(id);
  if (found == images.end()) ThrowData("a caption belongs to the unknown image " + std::to_string(id), where);
  reading.AddCaption(found->second, JsonField<std::string>(annotation, "caption", where));
}

void ReportPicturesWithoutEntry(const fs::path& folder, const CocoImages& images,
                                const SourceReading& reading) {
  if (!IsFolder(folder)) return;
  std::set<fs::path> known;
  for (const auto& [id, record] : images) known.insert(record.image);
  std::vector<std::string> unknown;
  for (const auto& picture : ReadTree(folder).pictures)
    if (!known.contains(folder / picture)) unknown.push_back((folder.filename() / picture).string());
  reading.PassedOver("pictures that the annotations do not name", unknown);
}

void ReadCocoSplit(const fs::path& annotations, const fs::path& folder, const std::string& name,
                   SourceReading& reading) {
  const std::string where = annotations.string();
  const Json json = ReadJson(annotations);
  auto& complaints = reading.complaints();
  CocoImages images;
  for (const auto& image : ListField(json, "images", where))
    complaints.Try([&] { AddCocoImage(image, folder, where, images); });
  ReportPicturesWithoutEntry(folder, images, reading);
  if (reading.options().captions)
    for (const auto& annotation : ListField(json, "annotations", where))
      complaints.Try([&] { AddCocoCaption(annotation, where, images, reading); });
  for (auto& [id, record] : images) complaints.Try([&] { reading.Add(std::move(record), name); });
}

// The annotations of a split, of the first of `years` that is there. Empty: none is.
std::string CocoYear(const fs::path& root, const std::string& folder, const std::vector<std::string>& years) {
  for (const auto& year : years)
    if (Exists(root / "annotations" / ("captions_" + folder + year + ".json"))) return year;
  return "";
}

// Of both splits; 2014 is the published year, and beside train of a year val of the same goes first.
std::pair<std::string, std::string> CocoYears(const fs::path& root) {
  const auto train = CocoYear(root, "train", {"2014", "2017"});
  const auto val =
      train == "2017" ? CocoYear(root, "val", {"2017", "2014"}) : CocoYear(root, "val", {"2014", "2017"});
  if (train == "2017" && val == "2014")
    ThrowUser("holds captions of train2017 and of val2014: most pictures of val2014 are in train2017, too",
              root.string(),
              "take annotations of one year: captions_val2017.json or captions_train2014.json");
  return {train, val};
}

// The pictures lie in the root, or (YOLO's trees) in its folder images.
fs::path CocoFolder(const fs::path& root, const std::string& name) {
  const auto below = root / "images" / name;
  return !IsFolder(root / name) && IsFolder(below) ? below : root / name;
}

}  // namespace

std::vector<SourceSplit> ReadCoco(const SourceOptions& options) {
  SourceReading reading(options);
  std::string by;
  const auto [train, val] = CocoYears(options.root);
  for (const auto& [name, part, year] :
       {std::tuple("train", "train", train), std::tuple("test", "val", val)}) {
    if (year.empty()) continue;
    const auto folder = part + year;
    const auto file = fs::path("annotations") / ("captions_" + folder + ".json");
    ReadCocoSplit(options.root / file, CocoFolder(options.root, folder), name, reading);
    AddToList(by, std::string(name) + " by " + file.string());
  }
  if (by.empty())
    ThrowUser("has no annotations/captions_{train,val}{2014,2017}.json", options.root.string(),
              "--root is the folder that holds annotations; other layouts: --source=folder, docs/layouts.md");
  reading.SplitsAreBy(by);
  return reading.Finish();
}

}  // namespace helio::dataio
